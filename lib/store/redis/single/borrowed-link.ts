import { setImmediate as eventLoop } from 'node:timers/promises';
import type { NodeRedisClient } from '../../../config/source-options.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError, RedisTimeoutError } from '../../../errors/redis.errors.js';
import { checkServer } from '../link/check-server.js';
import { closedError } from '../link/closed-error.js';
import { FirstConnect } from '../link/first-connect.js';
import type { RedisLink, RedisNode, RedisReply, ReplyParser } from '../link/redis-link.js';
import { asReply } from '../commands/replies.js';
import { translateError } from '../connection/translate-error.js';
import { Watchdog } from '../connection/watchdog.js';

export interface BorrowedLinkOptions {
  readonly client: NodeRedisClient;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

const POLL_MS = 10;

/** Its owner may have replies mapped to other types. */
const AS_REDIS_ANSWERS = { typeMapping: {} };

/**
 * The way to Redis through a client of the user's own: used as it is, never configured, closed or destroyed. An
 * overdue command ends our promises only; the client still waits for its answers, and the first of them shows that
 * Redis is back.
 */
export class BorrowedLink implements RedisLink {
  readonly #firstConnect: FirstConnect;
  readonly #node: RedisNode = { send: (args) => this.#dispatch(args, asReply) };
  readonly #pending = new Set<(error: Error) => void>();
  readonly #watchdog: Watchdog;
  #connected = false;
  #away = false;
  #closing: Promise<void> | undefined;

  constructor(private readonly options: BorrowedLinkOptions) {
    this.#firstConnect = new FirstConnect(() => this.#open(), options.operationTimeoutMs);
    this.#watchdog = new Watchdog({ deadlineMs: options.operationTimeoutMs, onOverdue: this.#onOverdue });
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
    return this.#connected && this.#closing === undefined
      ? this.#call(args, parse)
      : this.#dispatchLater(args, parse);
  }

  async #dispatchLater<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#closing === undefined) await this.#firstConnect.connectForCommand();
    if (this.#closing !== undefined) throw closedError();
    return this.#call(args, parse);
  }

  #call<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const { client } = this.options;
    // Such a client would keep the command until it is back, long after our promise has ended.
    if (!client.isReady || this.#away) return unreachable();
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#watchdog.issue();
      client.sendCommand(args as string[], AS_REDIS_ANSWERS).then(
        (reply) => {
          this.#settle(reject);
          resolve(parse(reply as RedisReply));
        },
        (error: unknown) => {
          this.#settle(reject);
          reject(translateError(error));
        },
      );
    });
  }

  #settle(reject: (error: Error) => void): void {
    this.#pending.delete(reject);
    this.#away = false;
    this.#watchdog.settle();
  }

  readonly #onOverdue = (): void => {
    this.#away = true;
    for (const reject of this.#pending) reject(new RedisTimeoutError(this.options.operationTimeoutMs));
    this.#pending.clear();
  };

  async #open(): Promise<void> {
    const { client, connectTimeoutMs } = this.options;
    if (!client.isOpen)
      throw new ImproperlyConfiguredError(
        'client: is not connected; await its connect() before it is handed to the module',
      );
    for (let waited = 0; !client.isReady; waited += POLL_MS) {
      if (this.#closing !== undefined) throw closedError();
      if (waited >= connectTimeoutMs)
        throw new RedisConnectionError(
          `The client handed in did not become ready within ${connectTimeoutMs} ms`,
        );
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await checkServer({ send: (args) => this.#call(args, asReply) }, 'the client handed in', this.options);
    this.#connected = true;
  }

  async #close(): Promise<void> {
    await this.#firstConnect.settled();
    await this.#watchdog.idle();
    this.#watchdog.stop();
  }
}

/** A caller that tries again at once, for ever, would keep the event loop from ever reconnecting. */
const unreachable = async (): Promise<never> => {
  await eventLoop();
  throw new RedisConnectionError();
};
