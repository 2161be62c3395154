import { performance } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import type { RedisClientOptions, RedisClientType } from 'redis';
import { RedisConnectionError } from '../../errors/redis.errors.js';
import { checkServer } from './check-server.js';
import { addressOf, clientTemplate } from './client-template.js';
import { closedError } from './closed-link.js';
import { Connection } from './connection.js';
import { dial, type Dial, type DialledClient } from './dial.js';
import { FirstConnect } from './first-connect.js';
import { Reconnection } from './reconnection.js';
import type { RedisLink, RedisNode, ReplyParser } from './redis-link.js';
import { asReply } from './replies.js';
import { startError } from './start-error.js';

export interface SingleLinkOptions {
  readonly url: string;
  readonly clientOptions: RedisClientOptions;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** A connection that ended sooner than this is not replaced at once: something closes each. */
const SHORT_LIFE_MS = 1000;

const logger = new Logger('CodexRedisModule');

/** The way to one Redis server over one connection, which is replaced whenever it ends. */
export class SingleLink implements RedisLink {
  readonly #template: RedisClientType;
  readonly #address: string;
  readonly #firstConnect: FirstConnect;
  readonly #node: RedisNode = { send: (args) => this.#dispatch(args, asReply) };
  #firstDial: Dial | undefined;
  /** Undefined before the first connection, while Redis is away, and after the end. */
  #connection: Connection | undefined;
  #connectedAt = 0;
  #reconnection: Reconnection | undefined;
  #lostBy: Error | undefined;
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
    if (this.#closing === undefined && this.#reconnection === undefined)
      await this.#firstConnect.connectForCommand();
    if (this.#closing !== undefined) throw closedError();
    if (this.#connection === undefined) throw new RedisConnectionError(undefined, { cause: this.#lostBy });
    return this.#connection.send(args, parse);
  }

  async #open(): Promise<void> {
    let connection: Connection | undefined;
    try {
      this.#firstDial = dial(this.#template, this.options.connectTimeoutMs);
      connection = this.#adopt(await this.#firstDial.opened);
      const adopted = connection;
      await checkServer({ send: (args) => adopted.send(args, asReply) }, this.#address);
      if (this.#closing !== undefined) throw closedError();
      this.#use(adopted);
    } catch (error) {
      connection?.destroy();
      throw this.#closing === undefined ? startError(error, this.#address) : closedError();
    }
  }

  #adopt({ client, bytesRead }: DialledClient): Connection {
    const { operationTimeoutMs } = this.options;
    return new Connection({ client, bytesRead, operationTimeoutMs, onLost: this.#onLost });
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    this.#connectedAt = performance.now();
  }

  readonly #onLost = (error: Error, connection: Connection): void => {
    if (connection !== this.#connection || this.#closing !== undefined) return;
    logger.warn(`The connection to Redis at ${this.#address} was lost (${error.message}); reconnecting`);
    this.#connection = undefined;
    this.#lostBy = error;
    this.#reconnection = new Reconnection({
      start: () => dial(this.#template, this.options.connectTimeoutMs),
      onOpen: (opened) => {
        this.#reconnection = undefined;
        this.#use(this.#adopt(opened));
        logger.log(`Connected to Redis at ${this.#address} again`);
      },
      hurry: performance.now() - this.#connectedAt > SHORT_LIFE_MS,
    });
  };

  async #close(): Promise<void> {
    this.#firstDial?.abandon(closedError());
    this.#reconnection?.stop();
    await this.#firstConnect.settled();
    await this.#connection?.idle();
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#template.destroy();
  }
}
