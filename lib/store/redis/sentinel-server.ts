import type { RedisClientType } from 'redis';
import { closedError } from './closed-link.js';
import { Connection } from './connection.js';
import { dial, type Dial } from './dial.js';
import type { ReplyParser } from './redis-link.js';

export interface SentinelServerOptions {
  readonly template: RedisClientType;
  /** The name of the master. */
  readonly name: string;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onSwitch: () => void;
}

/** One Sentinel. It is connected to when it is asked something, and then until it is released. */
export class SentinelServer {
  #dial: Dial | undefined;
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  #closed = false;

  constructor(private readonly options: SentinelServerOptions) {}

  async send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const connection = this.#connection ?? (await (this.#connecting ??= this.#connect()));
    return connection.send(args, parse);
  }

  release(): void {
    this.#dial?.abandon(new Error('Another Sentinel has answered'));
    this.#connection?.destroy();
    this.#forget();
  }

  /** As `release`, for good. */
  close(): void {
    this.#closed = true;
    this.release();
  }

  async #connect(): Promise<Connection> {
    if (this.#closed) throw closedError();
    const { template, operationTimeoutMs, connectTimeoutMs } = this.options;
    const dialled = dial(template, connectTimeoutMs);
    this.#dial = dialled;
    try {
      const { client, bytesRead } = await dialled.opened;
      const onLost = (): void => this.#forget();
      const connection = new Connection({ client, bytesRead, operationTimeoutMs, onLost });
      if (this.#dial === dialled) this.#connection = connection;
      else connection.destroy();
      // Only news: the master is asked for regularly, too.
      client.subscribe('+switch-master', this.#hear).catch(() => undefined);
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
