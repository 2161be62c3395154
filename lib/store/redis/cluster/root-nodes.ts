import type { RedisClientOptions, RedisClientType, RedisClusterOptions } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { addressOf, clientTemplate } from '../connection/client-template.js';
import { Connection } from '../connection/connection.js';
import { dialRepeatedly } from '../connection/dial-repeatedly.js';
import { dial } from '../connection/dial.js';
import type { NodeAddress } from '../connection/node-address.js';
import { hedgedRequest } from '../link/hedged-request.js';
import { knownSlotRanges, type SlotRange } from './cluster-topology.js';

export interface RootNodesOptions {
  readonly cluster: RedisClusterOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

export interface RootQuestion {
  /** True if a silent node is connected to again and again, as nobody else would. */
  readonly insist: boolean;
  /** `host:port` of nodes that are being connected to: one that is a root node is not tried a second time beside. */
  readonly tried: ReadonlySet<string>;
}

/** The nodes that are known before the cluster is, and when no other answers any more. */
export class RootNodes {
  readonly #templates: readonly RedisClientType[];

  /** @throws ImproperlyConfiguredError for options node-redis refuses */
  constructor(private readonly options: RootNodesOptions) {
    this.#templates = rootTemplates(options.cluster);
  }

  /** `host:port, ...`, for messages. */
  get names(): string {
    return this.#templates.map(addressOf).join(', ');
  }

  /** @throws AggregateError when none of those that are asked answers */
  async slotRanges({ insist, tried }: RootQuestion, signal: AbortSignal): Promise<SlotRange[]> {
    const start = Math.floor(Math.random() * this.#templates.length);
    const [first, ...others] = [...this.#templates.slice(start), ...this.#templates.slice(0, start)].filter(
      (root) => !tried.has(addressOf(root)),
    );
    if (first === undefined) throw new AggregateError([], 'Every root node is being connected to already');
    const ask = (root: RedisClientType, over: AbortSignal): Promise<SlotRange[]> =>
      this.#ask(root, insist, over);
    return hedgedRequest([first, ...others], ask, signal);
  }

  async #ask(root: RedisClientType, insist: boolean, signal: AbortSignal): Promise<SlotRange[]> {
    const { operationTimeoutMs, connectTimeoutMs } = this.options;
    const once = dial(root, connectTimeoutMs);
    const { client, socket } = await (insist
      ? dialRepeatedly(once, { signal, untilRefused: true })
      : once(signal));
    const connection = new Connection({ client, socket, operationTimeoutMs, onLost: ignore });
    const end = (): void => connection.destroy();
    signal.addEventListener('abort', end, { once: true });
    try {
      const asked = splitAddress(addressOf(root));
      return await connection.send(['CLUSTER', 'SLOTS'], (reply) => knownSlotRanges(reply, asked));
    } finally {
      end();
    }
  }
}

/** Their own settings hold for the question for the topology only, as in node-redis. */
const rootTemplates = ({ rootNodes, defaults }: RedisClusterOptions): RedisClientType[] => {
  if (rootNodes.length === 0)
    throw new ImproperlyConfiguredError('cluster.rootNodes: name at least one node of the cluster');
  return rootNodes.map((root, index) => {
    const socket = { ...defaults?.socket, ...root.socket } as NonNullable<RedisClientOptions['socket']>;
    return clientTemplate({ ...defaults, ...root, socket }, `cluster.rootNodes.${index}`);
  });
};

const splitAddress = (address: string): NodeAddress => {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};
