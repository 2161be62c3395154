import type { RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { closedError } from '../link/closed-error.js';
import { Connection } from '../connection/connection.js';
import { dial, type Dial } from '../connection/dial.js';
import { insistentDial } from '../connection/insistent-dial.js';
import type { NodeAddress } from '../connection/node-address.js';
import type { RedisReply, ReplyParser } from '../link/redis-link.js';

export interface SentinelServerOptions {
  readonly template: RedisClientType;
  /** The name of the master. */
  readonly name: string;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onSwitch: () => void;
}

/** Where a Sentinel says the master is. */
export interface Announcement {
  readonly address: NodeAddress;
  /** Grows with every failover. */
  readonly epoch: number;
}

/** Raised when a Sentinel answers, but does not watch a master of this name. */
export class UnknownMasterError extends Error {
  constructor() {
    super('The Sentinels watch no master of this name');
  }
}

/** One Sentinel. It is connected to when it is asked something, and then until it is released. */
export class SentinelServer {
  #dial: Dial | undefined;
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  #closed = false;

  constructor(private readonly options: SentinelServerOptions) {}

  /** The address comes last: no newer epoch than its own goes with it. */
  async master(): Promise<Announcement> {
    const epoch = this.#ask('MASTER', asEpoch);
    epoch.catch(ignore);
    const address = await this.#ask('GET-MASTER-ADDR-BY-NAME', asAddress);
    return { address, epoch: await epoch };
  }

  /** Those that are in order. */
  replicas(): Promise<NodeAddress[]> {
    return this.#ask('REPLICAS', asReplicas);
  }

  release(): void {
    this.#dial?.abandon(new Error('No longer wanted'));
    this.#connection?.destroy();
    this.#forget();
  }

  /** As `release`, for good. */
  close(): void {
    this.#closed = true;
    this.release();
  }

  async #ask<T>(question: string, parse: ReplyParser<T>): Promise<T> {
    const connection = this.#connection ?? (await (this.#connecting ??= this.#connect()));
    return connection.send(['SENTINEL', question, this.options.name], parse);
  }

  async #connect(): Promise<Connection> {
    if (this.#closed) throw closedError();
    const { template, operationTimeoutMs, connectTimeoutMs } = this.options;
    const dialled = insistentDial(() => dial(template, connectTimeoutMs));
    this.#dial = dialled;
    try {
      const { client, bytesRead } = await dialled.opened;
      const onLost = (): void => this.#forget();
      const connection = new Connection({ client, bytesRead, operationTimeoutMs, onLost });
      if (this.#dial === dialled) this.#connection = connection;
      else connection.destroy();
      // Only news: the master is asked for regularly, too.
      client.subscribe('+switch-master', this.#hear).catch(ignore);
      return connection;
    } finally {
      if (this.#dial === dialled) this.#dial = this.#connecting = undefined;
    }
  }

  readonly #hear = (message: string): void => {
    if (message.startsWith(`${this.options.name} `)) this.options.onSwitch();
  };

  #forget(): void {
    this.#dial = this.#connecting = this.#connection = undefined;
  }
}

type Fields = Readonly<Record<string, string>>;

const asEpoch = (reply: RedisReply): number => Number((reply as unknown as Fields)['config-epoch']);

const asAddress = (reply: RedisReply): NodeAddress => {
  if (reply === null) throw new UnknownMasterError();
  const [host, port] = reply as readonly [string, string];
  return { host, port: Number(port) };
};

const asReplicas = (reply: RedisReply): NodeAddress[] =>
  (reply as unknown as readonly Fields[])
    .filter(({ flags = '' }) => !/s_down|o_down|disconnected/.test(flags))
    .map(({ ip = '', port }) => ({ host: ip, port: Number(port) }));
