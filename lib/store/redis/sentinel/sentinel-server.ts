import type { RedisClientType } from 'redis';
import { ignore } from '../../../common/ignore.js';
import { closedError } from '../link/closed-error.js';
import { Connection } from '../connection/connection.js';
import { dialRepeatedly } from '../connection/dial-repeatedly.js';
import { dial } from '../connection/dial.js';
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

/** The address of the master, as a Sentinel announces it. */
export interface Announcement {
  readonly address: NodeAddress;
  /** Grows with every failover. */
  readonly epoch: number;
}

/** A Sentinel as others know it. */
export interface SentinelName {
  readonly id: string;
  readonly address: NodeAddress;
}

/** Raised when a Sentinel answers, but does not watch a master of this name. */
export class UnknownMasterError extends Error {
  constructor() {
    super('The Sentinels watch no master of this name');
  }
}

/** One Sentinel. It is connected to when it is asked something, and then until it is released. */
export class SentinelServer {
  #id: string | undefined;
  #connecting: Promise<Connection> | undefined;
  /** The check for a sign of life of the connection, while it runs. */
  #checking: Promise<boolean> | undefined;
  /** Aborted when the connection is released; each has its own. */
  #released = new AbortController();

  constructor(private readonly options: SentinelServerOptions) {}

  /** The address comes last: no newer epoch than its own goes with it. */
  async master(): Promise<Announcement> {
    const epoch = this.#ask(['MASTER', this.options.name], asEpoch);
    epoch.catch(ignore);
    const address = await this.#ask(['GET-MASTER-ADDR-BY-NAME', this.options.name], asAddress);
    return { address, epoch: await epoch };
  }

  /** Those that are in order. */
  replicas(): Promise<NodeAddress[]> {
    return this.#ask(['REPLICAS', this.options.name], asReplicas);
  }

  /** Its id among Sentinels, which does not change. */
  async id(): Promise<string> {
    return (this.#id ??= await this.#ask(['MYID'], String));
  }

  /** The other Sentinels that are in order. */
  others(): Promise<SentinelName[]> {
    return this.#ask(['SENTINELS', this.options.name], asSentinels);
  }

  release(): void {
    this.#forget(this.#released, new Error('No longer wanted'));
  }

  /** As `release`, for good. */
  close(): void {
    this.release();
    this.#released.abort(closedError());
  }

  async #ask<T>(question: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const connection = await this.#trusted();
    return connection.send(['SENTINEL', ...question], parse);
  }

  /** After a pause, as of a frozen process, the connection may be lost without notice. */
  async #trusted(): Promise<Connection> {
    const released = this.#released;
    const connection = await this.#current();
    if (this.#checking === undefined && connection.isTrusted) return connection;
    this.#checking ??= connection.isAlive().finally(() => (this.#checking = undefined));
    if (await this.#checking) return connection;
    this.#forget(released, new Error('No sign of life after a pause'));
    return this.#current();
  }

  #current(): Promise<Connection> {
    return (this.#connecting ??= this.#connect(this.#released));
  }

  async #connect(released: AbortController): Promise<Connection> {
    const { template, operationTimeoutMs, connectTimeoutMs } = this.options;
    const { signal } = released;
    try {
      const once = dial(template, connectTimeoutMs);
      const { client, socket } = await dialRepeatedly(once, { signal, untilRefused: true });
      const onLost = (error: Error): void => this.#forget(released, error);
      const connection = new Connection({ client, socket, operationTimeoutMs, onLost });
      signal.addEventListener('abort', () => connection.destroy(), { once: true });
      // Only news: the master is asked for regularly, too.
      client.subscribe('+switch-master', this.#hear).catch(ignore);
      return connection;
    } catch (error) {
      this.#forget(released, error);
      throw error;
    }
  }

  readonly #hear = (message: string): void => {
    if (message.startsWith(`${this.options.name} `)) this.options.onSwitch();
  };

  /** The next question connects again, unless this is closed. */
  #forget(released: AbortController, reason: unknown): void {
    if (released.signal.aborted) return;
    released.abort(reason);
    this.#released = new AbortController();
    this.#connecting = undefined;
  }
}

type Fields = Readonly<Record<string, string>>;

const asEpoch = (reply: RedisReply): number => Number((reply as unknown as Fields)['config-epoch']);

const asAddress = (reply: RedisReply): NodeAddress => {
  if (reply === null) throw new UnknownMasterError();
  const [host, port] = reply as readonly [string, string];
  return { host, port: Number(port) };
};

const asReplicas = (reply: RedisReply): NodeAddress[] => inOrder(reply).map(asServer);

const asSentinels = (reply: RedisReply): SentinelName[] =>
  inOrder(reply).map((fields) => ({ id: fields['runid'] ?? '', address: asServer(fields) }));

const inOrder = (reply: RedisReply): Fields[] =>
  (reply as unknown as readonly Fields[]).filter(
    ({ flags = '' }) => !/s_down|o_down|disconnected/.test(flags),
  );

const asServer = ({ ip = '', port }: Fields): NodeAddress => ({ host: ip, port: Number(port) });
