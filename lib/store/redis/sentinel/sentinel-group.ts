import { performance } from 'node:perf_hooks';
import type { RedisClientType, RedisSentinelOptions } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { hedgedRequest } from '../link/hedged-request.js';
import { FoundSentinels } from './found-sentinels.js';
import { majorityAnswer } from './majority-answer.js';
import { addressName, mappedAddress, type NodeAddress } from '../connection/node-address.js';
import { type Announcement, SentinelServer } from './sentinel-server.js';
import { clientTemplate, templateFor } from '../connection/client-template.js';
import { POLICY } from '../connection/policy.js';

export interface SentinelGroupOptions {
  readonly sentinel: RedisSentinelOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Called when a Sentinel says that another server has become the master. */
  readonly onSwitch: () => void;
}

interface Heard extends Announcement {
  readonly from: SentinelServer;
  /** A time of performance.now(). */
  readonly at: number;
}

/**
 * The Sentinels: those of the options, and those that they know and that answer. All of them are asked, since one
 * may be down or behind: the latest failover that any knows counts.
 */
export class SentinelGroup {
  readonly #roots: readonly SentinelServer[];
  readonly #found: FoundSentinels;
  #latest: Heard | undefined;

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: SentinelGroupOptions) {
    const { sentinelRootNodes, sentinelClientOptions } = options.sentinel;
    if (sentinelRootNodes.length === 0)
      throw new ImproperlyConfiguredError('sentinel.sentinelRootNodes: name at least one Sentinel');
    const template = clientTemplate({ ...sentinelClientOptions }, 'sentinel.sentinelClientOptions');
    const serverAt = (address: NodeAddress): SentinelServer => this.#server(templateFor(template, address));
    this.#roots = sentinelRootNodes.map(serverAt);
    this.#found = new FoundSentinels(this.#roots, (address) =>
      serverAt(mappedAddress(options.sentinel.nodeAddressMap, address)),
    );
  }

  get #servers(): readonly [SentinelServer, ...SentinelServer[]] {
    return [...this.#roots, ...this.#found.trusted] as [SentinelServer, ...SentinelServer[]];
  }

  /** `host:port, ...`, for messages. */
  get names(): string {
    return this.options.sentinel.sentinelRootNodes.map(addressName).join(', ');
  }

  /**
   * The address of the master, as the Sentinels announce it.
   *
   * @throws AggregateError when no Sentinel knows
   */
  async master(): Promise<NodeAddress> {
    try {
      return await this.#ask(this.#servers);
    } catch (error) {
      const others = this.#found.doubted;
      if (others.length === 0) throw error;
      return this.#ask(others);
    }
  }

  /** Looks from time to time which Sentinels there are besides those of the options. */
  discover(): Promise<void> {
    return this.#found.refresh(this.#latest?.from ?? this.#servers[0]);
  }

  async #ask(servers: readonly SentinelServer[]): Promise<NodeAddress> {
    const asked = servers.map(async (server) => this.#hear(server, await this.#masterOf(server)));
    const { address } = await majorityAnswer(asked);
    return address;
  }

  async #masterOf(server: SentinelServer): Promise<Announcement> {
    const announcement = server.master();
    announcement.then(
      () => this.#found.note(server, true),
      () => this.#found.note(server, false),
    );
    return announcement;
  }

  /** The replicas that are in order, as the Sentinel knows them that named the master. */
  replicas(): Promise<NodeAddress[]> {
    const [first, ...others] = this.#servers;
    const informed = this.#latest?.from ?? first;
    const rest = [first, ...others].filter((server) => server !== informed);
    return hedgedRequest([informed, ...rest], (server) => server.replicas());
  }

  release(): void {
    this.#found.release();
    for (const server of this.#roots) server.release();
  }

  /** As `release`, for good: a question in flight goes to no further Sentinel. */
  close(): void {
    this.#found.release();
    for (const server of this.#roots) server.close();
  }

  /** Gives the latest announcement, which need not be this one. */
  #hear(from: SentinelServer, announcement: Announcement): Heard {
    const at = performance.now();
    const latest = this.#latest;
    if (latest !== undefined && announcement.epoch < latest.epoch && at - latest.at < POLICY.announcementMs)
      return latest;
    return (this.#latest = { ...announcement, from, at });
  }

  #server(template: RedisClientType): SentinelServer {
    const { operationTimeoutMs, connectTimeoutMs, onSwitch, sentinel } = this.options;
    return new SentinelServer({
      template,
      operationTimeoutMs,
      connectTimeoutMs,
      onSwitch,
      name: sentinel.name,
    });
  }
}
