import { performance } from 'node:perf_hooks';
import { ignore } from '../../../common/ignore.js';
import type { NodeAddress } from '../connection/node-address.js';
import { POLICY } from '../connection/policy.js';
import type { SentinelServer } from './sentinel-server.js';

interface Found {
  readonly server: SentinelServer;
  /**
   * True if it named the master when it was asked last: one that cannot be reached from here must not delay the others.
   */
  isTrusted: boolean;
}

/** The Sentinels that other Sentinels know and the options do not name. */
export class FoundSentinels {
  /** By the ids of the Sentinels. */
  readonly #found = new Map<string, Found>();
  #refreshedAt = -Infinity;

  constructor(
    private readonly roots: readonly SentinelServer[],
    private readonly serverAt: (address: NodeAddress) => SentinelServer,
  ) {}

  get trusted(): readonly SentinelServer[] {
    return this.#those(true);
  }

  /** The last resort. */
  get doubted(): readonly SentinelServer[] {
    return this.#those(false);
  }

  /** Notes whether a server has answered, which need not be one of these. */
  note(server: SentinelServer, hasAnswered: boolean): void {
    for (const found of this.#found.values()) if (found.server === server) found.isTrusted = hasAnswered;
  }

  /** Asks one which others there are, unless that was asked lately. If it does not say, nothing changes. */
  async refresh(informed: SentinelServer): Promise<void> {
    const now = performance.now();
    if (now - this.#refreshedAt < POLICY.discoveryMs) return;
    this.#refreshedAt = now;
    try {
      const [others, ...own] = await Promise.all([informed.others(), ...this.roots.map(idOf)]);
      // released meanwhile
      if (this.#refreshedAt !== now) return;
      const further = new Map(others.filter(({ id }) => !own.includes(id)).map((each) => [each.id, each]));
      for (const [id, { server }] of this.#found)
        if (server !== informed && !further.has(id)) {
          this.#found.delete(id);
          server.close();
        }
      for (const { id, address } of further.values()) this.#meet(id, address);
    } catch {
      // a user of an ACL may not be allowed to ask
    }
  }

  release(): void {
    for (const { server } of this.#found.values()) server.close();
    this.#found.clear();
    this.#refreshedAt = -Infinity;
  }

  #meet(id: string, address: NodeAddress): void {
    const known = this.#found.get(id);
    if (known?.isTrusted === true) return;
    const server = known?.server ?? this.serverAt(address);
    this.#found.set(id, { server, isTrusted: false });
    server.master().then(() => this.note(server, true), ignore);
  }

  #those(isTrusted: boolean): readonly SentinelServer[] {
    return [...this.#found.values()]
      .filter((each) => each.isTrusted === isTrusted)
      .map(({ server }) => server);
  }
}

/** Nothing is known of a Sentinel that is down. */
const idOf = (root: SentinelServer): Promise<string | undefined> => root.id().catch(() => undefined);
