import type { RedisClientType } from 'redis';
import { RedisTimeoutError } from '../../../errors/redis.errors.js';
import type { RedisReply, ReplyParser } from '../link/redis-link.js';
import { translateError } from './translate-error.js';
import { Watchdog } from './watchdog.js';

export interface ConnectionOptions {
  /** Connected; its reconnectStrategy is `false`. */
  readonly client: Pick<RedisClientType, 'sendCommand' | 'destroy' | 'on'>;
  readonly bytesRead: () => number;
  readonly operationTimeoutMs: number;
  /** Called once, when the connection ends by itself. */
  readonly onLost: (error: Error, connection: Connection) => void;
}

/**
 * One connection of this module's own, from connected to ended: it never reconnects. An overdue command ends it,
 * which rejects everything under way.
 */
export class Connection {
  readonly #client: ConnectionOptions['client'];
  readonly #watchdog: Watchdog;
  #ended = false;
  #overdue = false;

  constructor(private readonly options: ConnectionOptions) {
    this.#client = options.client;
    this.#watchdog = new Watchdog({
      deadlineMs: options.operationTimeoutMs,
      bytesRead: options.bytesRead,
      onOverdue: () => {
        this.#overdue = true;
        this.#lose(new RedisTimeoutError(options.operationTimeoutMs));
      },
    });
    // Also raised when a reply cannot be parsed: from then on replies and commands no longer match.
    options.client.on('error', (error: Error) => this.#lose(error));
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    this.#watchdog.issue();
    return this.#client.sendCommand<RedisReply>(args as string[]).then((reply) => {
      this.#watchdog.settle();
      return parse(reply);
    }, this.#fail);
  }

  /** Resolves when nothing is under way, which the deadline bounds. */
  idle(): Promise<void> {
    return this.#watchdog.idle();
  }

  /** Ends it at once; what is under way is rejected. */
  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watchdog.stop();
    this.#client.destroy();
  }

  readonly #fail = (error: unknown): never => {
    this.#watchdog.settle();
    throw this.#overdue
      ? new RedisTimeoutError(this.options.operationTimeoutMs, { cause: error })
      : translateError(error);
  };

  #lose(error: Error): void {
    if (this.#ended) return;
    this.destroy();
    this.options.onLost(error, this);
  }
}
