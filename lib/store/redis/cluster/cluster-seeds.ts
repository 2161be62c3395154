import type { RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { addressOf } from '../connection/client-template.js';
import { knownSlotRanges, type SlotRange } from './cluster-topology.js';
import type { NodeAddress } from '../connection/node-address.js';
import { Connection } from '../connection/connection.js';
import { dial, type Dial } from '../connection/dial.js';
import { firstAnswer } from '../link/first-answer.js';
import { insistentDial } from '../connection/insistent-dial.js';

export interface ClusterSeedsOptions {
  readonly roots: readonly RedisClientType[];
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** The nodes that are known before the cluster is, and when no other answers any more. */
export class ClusterSeeds {
  readonly #open = new Set<() => void>();
  #round = {};

  constructor(private readonly options: ClusterSeedsOptions) {}

  /** `host:port, …`, for messages. */
  get names(): string {
    return this.options.roots.map(addressOf).join(', ');
  }

  /**
   * @param insist whether one that is silent is connected to again and again, as nobody else would
   * @throws AggregateError when none of them answers
   */
  async slotRanges(insist: boolean): Promise<SlotRange[]> {
    const { roots } = this.options;
    const start = Math.floor(Math.random() * roots.length);
    const round = (this.#round = {});
    try {
      return await firstAnswer([...roots.slice(start), ...roots.slice(0, start)], (root) => {
        return this.#round === round
          ? this.#ask(root, insist)
          : Promise.reject(new Error('No longer wanted'));
      });
    } finally {
      this.release();
    }
  }

  /** Gives up what is under way. */
  release(): void {
    this.#round = {};
    for (const end of this.#open) end();
    this.#open.clear();
  }

  async #ask(root: RedisClientType, insist: boolean): Promise<SlotRange[]> {
    const { operationTimeoutMs, connectTimeoutMs } = this.options;
    const start = (): Dial => dial(root, connectTimeoutMs);
    const dialled = insist ? insistentDial(start) : start();
    this.#open.add(() => dialled.abandon(new Error('Another node has answered')));
    const { client, bytesRead } = await dialled.opened;
    const connection = new Connection({ client, bytesRead, operationTimeoutMs, onLost: ignore });
    this.#open.add(() => connection.destroy());
    const asked = splitAddress(addressOf(root));
    return connection.send(['CLUSTER', 'SLOTS'], (reply) => knownSlotRanges(reply, asked));
  }
}

const splitAddress = (address: string): NodeAddress => {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};
