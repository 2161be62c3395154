import type { RedisClientOptions, RedisClientType } from 'redis';
import { checkServer } from '../link/check-server.js';
import { addressOf, clientTemplate } from '../connection/client-template.js';
import { closedError } from '../link/closed-error.js';
import { ConnectionReport } from '../connection/connection-report.js';
import { dial } from '../connection/dial.js';
import { FirstConnect } from '../link/first-connect.js';
import { KeptConnection } from '../connection/kept-connection.js';
import type { RedisLink, RedisNode, ReplyParser } from '../link/redis-link.js';
import { asReply } from '../commands/replies.js';
import { startError } from '../connection/start-error.js';

export interface SingleLinkOptions {
  readonly url: string;
  readonly clientOptions: RedisClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

/** The way to one Redis server over one connection, which is replaced whenever it ends. */
export class SingleLink implements RedisLink {
  readonly #template: RedisClientType;
  readonly #address: string;
  readonly #report = new ConnectionReport(() => this.#address);
  readonly #firstConnect: FirstConnect;
  readonly #node: RedisNode = { send: (args) => this.#dispatch(args, asReply) };
  /** While the first connection is made. */
  #candidate: KeptConnection | undefined;
  /** From the first connection to the end. */
  #connection: KeptConnection | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ImproperlyConfiguredError for a url that cannot be read */
  constructor(private readonly options: SingleLinkOptions) {
    this.#template = clientTemplate(options.url, options.clientOptions, options.connectTimeoutMs);
    this.#address = addressOf(this.#template);
    this.#firstConnect = new FirstConnect(() => this.#open(), options.operationTimeoutMs);
  }

  connect(): Promise<void> {
    return this.#closing === undefined ? this.#firstConnect.connect() : Promise.reject(closedError());
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  send<T>(_key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#dispatch(args, parse);
  }

  read<T>(_key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#dispatch(args, parse);
  }

  split(): null {
    return null;
  }

  masters(): Promise<readonly RedisNode[]> {
    return Promise.resolve([this.#node]);
  }

  #dispatch<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#connection === undefined
      ? this.#dispatchLater(args, parse)
      : this.#connection.send(args, parse);
  }

  async #dispatchLater<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#closing === undefined) await this.#firstConnect.connectForCommand();
    if (this.#connection === undefined) throw closedError();
    return this.#connection.send(args, parse);
  }

  async #open(): Promise<void> {
    const candidate = this.#keep();
    this.#candidate = candidate;
    try {
      await candidate.open();
      if (!candidate.isReady) throw candidate.failure;
      await checkServer({ send: (args) => candidate.send(args, asReply) }, this.#address, this.options);
      if (this.#closing !== undefined) throw closedError();
      this.#connection = candidate;
    } catch (error) {
      await candidate.close();
      throw this.#closing === undefined ? startError(error, this.#address) : closedError();
    }
  }

  #keep(): KeptConnection {
    const { connectTimeoutMs, operationTimeoutMs } = this.options;
    return new KeptConnection({
      start: () => dial(this.#template, connectTimeoutMs),
      operationTimeoutMs,
      patienceMs: connectTimeoutMs,
      onChange: (connection) => {
        if (connection === this.#connection) this.#report.update(connection);
      },
    });
  }

  async #close(): Promise<void> {
    await this.#candidate?.close();
    await this.#firstConnect.settled();
    this.#connection = undefined;
    this.#template.destroy();
  }
}
