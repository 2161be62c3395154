import { setImmediate as eventLoop, setTimeout as pause } from 'node:timers/promises';
import { ErrorReply, type RedisClientType } from 'redis';
import type { NodeRedisClient } from '../../../config/source-options.js';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError, RedisTimeoutError } from '../../../errors/redis.errors.js';
import { checkServer } from '../link/check-server.js';
import type { MessageListener, Subscription } from '../../subscription.js';
import { LinkLifecycle } from '../link/link-lifecycle.js';
import type { RedisLink, RedisNode, RedisReply, ReplyParser } from '../link/redis-link.js';
import { asReply } from '../commands/replies.js';
import { templateLike } from '../connection/client-template.js';
import { CommandSender } from '../connection/command-sender.js';
import { dial, DialTimeoutError } from '../connection/dial.js';
import { POLICY } from '../connection/policy.js';
import type { WriteNotice } from '../connection/shared-reads.js';
import { Subscriptions } from '../connection/subscriptions.js';
import { startError } from '../connection/start-error.js';
import { translateError } from '../connection/translate-error.js';
import { verifyPrimary } from '../connection/verify-primary.js';
import { Watchdog } from '../connection/watchdog.js';

export interface ExternalClientLinkOptions {
  readonly client: NodeRedisClient;
  readonly operationTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly holdsSessions?: boolean;
}

const NAME = 'the client handed in';

/** Its owner may have replies mapped to other types. */
const AS_REDIS_ANSWERS = { typeMapping: {} };

/**
 * The way to Redis through a client of the user's own: used as it is, never configured, closed or destroyed. An
 * overdue command ends our promises only; the client still waits for its answers, and the first of them shows that
 * Redis is back.
 */
export class ExternalClientLink implements RedisLink {
  /** Private to the runtime too: it holds the password of Redis. */
  readonly #options: ExternalClientLinkOptions;
  readonly #life: LinkLifecycle;
  readonly #node: RedisNode = { send: (args) => this.send('', args, asReply) };
  readonly #pending = new Set<(error: Error) => void>();
  readonly #watchdog: Watchdog;
  readonly #sender: CommandSender;
  readonly #subscriptions: Subscriptions;
  #template: RedisClientType | undefined;
  #away = false;

  constructor(options: ExternalClientLinkOptions) {
    this.#options = options;
    this.#sender = new CommandSender(
      (args, parse, notice) => this.#send(args, parse, notice),
      options.holdsSessions,
    );
    this.#life = new LinkLifecycle({
      open: (signal) => this.#open(signal),
      release: () => this.#release(),
      startError: (error) => this.#startError(error),
      ...options,
    });
    this.#watchdog = new Watchdog({ deadlineMs: options.operationTimeoutMs, onOverdue: this.#onOverdue });
    this.#subscriptions = new Subscriptions({
      dialWith: (greet) => (signal) => dial(this.#likeClient(), options.connectTimeoutMs, greet)(signal),
      operationTimeoutMs: options.operationTimeoutMs,
    });
  }

  connect(): Promise<void> {
    return this.#life.connect();
  }

  async close(): Promise<void> {
    await Promise.all([this.#life.close(), this.#subscriptions.close()]);
  }

  send<T>(_key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#life.isOpen
      ? this.#sender.send(args, parse)
      : this.#life.whenOpen(() => this.#sender.send(args, parse));
  }

  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.send(key, args, parse);
  }

  subscribe(channel: string, listener: MessageListener): Subscription {
    return this.#subscriptions.subscribe(channel, listener);
  }

  split(): null {
    return null;
  }

  masters(): Promise<readonly RedisNode[]> {
    return Promise.resolve([this.#node]);
  }

  #send<T>(args: readonly string[], parse: ReplyParser<T>, notice?: WriteNotice): Promise<T> {
    const { client } = this.#options;
    // Such a client would keep the command until it is back, long after our promise has ended.
    if (!client.isReady || this.#away) {
      this.#sender.forget();
      return unreachable();
    }
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#watchdog.issue();
      client.sendCommand(args as string[], { ...AS_REDIS_ANSWERS, ...notice }).then(
        (reply) => {
          this.#settle(reject);
          resolve(parse(reply as RedisReply));
        },
        (error: unknown) => {
          this.#settle(reject);
          if (!(error instanceof ErrorReply)) this.#sender.forget();
          reject(translateError(error));
        },
      );
    });
  }

  /** The owner's client would be one that listens: what it is like is all that is used of it. */
  #likeClient(): RedisClientType {
    return (this.#template ??= templateLike(this.#options.client));
  }

  #settle(reject: (error: Error) => void): void {
    this.#pending.delete(reject);
    this.#away = false;
    this.#watchdog.settle();
  }

  readonly #onOverdue = (): void => {
    this.#away = true;
    this.#sender.forget();
    for (const reject of this.#pending) reject(new RedisTimeoutError(this.#options.operationTimeoutMs));
    this.#pending.clear();
  };

  async #open(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    if (!client.isOpen)
      throw new ImproperlyConfiguredError(
        'client: is not connected; await its connect() before it is handed to the module',
      );
    while (!client.isReady) await pause(POLICY.readinessPollMs, undefined, { signal });
    const server = { send: (args: readonly string[]) => this.#sender.send(args, asReply) };
    await checkServer(server, NAME, this.#options);
    await verifyPrimary((args) => client.sendCommand(args, AS_REDIS_ANSWERS) as Promise<RedisReply>);
  }

  #startError(error: unknown): Error {
    return error instanceof DialTimeoutError
      ? new RedisConnectionError(`The client handed in did not become ready within ${error.ms} ms`)
      : startError(error, NAME);
  }

  async #release(): Promise<void> {
    await this.#watchdog.idle();
    this.#watchdog.stop();
  }
}

/** A caller that tries again at once, forever, would keep the event loop from ever reconnecting. */
const unreachable = async (): Promise<never> => {
  await eventLoop();
  throw new RedisConnectionError();
};
