import type { Socket } from 'node:net';
import { type RedisClientType, ErrorReply } from 'redis';
import { RedisServiceError, RedisTimeoutError } from '../../../errors/redis.errors.js';
import { outsideOfCallers } from '../../../common/outside-of-callers.js';
import { within } from '../../../common/within.js';
import type { RedisReply, ReplyParser } from '../link/redis-link.js';
import { CommandSender } from './command-sender.js';
import { DialTimeoutError } from './dial.js';
import { POLICY } from './policy.js';
import type { WriteNotice } from './shared-reads.js';
import { SocketProgress } from './socket-progress.js';
import { replyCode, translateError } from './translate-error.js';
import { Watchdog } from './watchdog.js';

export interface ConnectionOptions {
  /** Connected; its reconnectStrategy is `false`. */
  readonly client: Pick<
    RedisClientType,
    'sendCommand' | 'withCommandOptions' | 'destroy' | 'on' | 'ref' | 'unref'
  >;
  readonly socket: Socket | undefined;
  readonly operationTimeoutMs: number;
  /** If true, callers who ask for one key at the same time share a GET. */
  readonly sharesReads?: boolean | undefined;
  /** Called once, when the connection ends by itself. */
  readonly onLost: (error: Error, connection: Connection) => void;
  /** Called when the server answers that it is a replica. */
  readonly onReadonly?: (error: Error, connection: Connection) => void;
}

/**
 * One connection of this module's own, from connected to ended: it never reconnects. An overdue command ends it,
 * which rejects everything in flight. It keeps the process alive while something is in flight, and not else.
 */
export class Connection {
  readonly #client: ConnectionOptions['client'];
  /** The same client, which gives a notice with each command. */
  #noticing: Pick<RedisClientType, 'sendCommand'> | undefined;
  readonly #watchdog: Watchdog;
  readonly #sender: CommandSender;
  #ended = false;
  #overdue = false;
  /** Times of Date.now(), which goes on while the process or the machine sleeps. */
  #busySince = 0;
  #restingSince = Date.now();
  #longestRoundTripMs = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { client, socket, operationTimeoutMs, sharesReads } = options;
    const progress = new SocketProgress(socket);
    this.#client = client;
    this.#sender = new CommandSender((args, parse, notice) => this.#send(args, parse, notice), sharesReads);
    this.#watchdog = new Watchdog({
      deadlineMs: operationTimeoutMs,
      hasMoved: () => progress.hasMoved(),
      onOverdue: () => {
        this.#overdue = true;
        this.#lose(new RedisTimeoutError(operationTimeoutMs));
      },
      onBusy: this.#onBusy,
      onRest: this.#onRest,
    });
    // Also raised when a reply cannot be parsed: from then on replies and commands no longer match.
    client.on('error', (error: Error) => this.#lose(error));
  }

  /** True if something is in flight. */
  get isBusy(): boolean {
    return this.#watchdog.isBusy;
  }

  /** True if it can be used as it is: a connection that carried nothing for a while may be gone silently. */
  get isTrusted(): boolean {
    return this.#watchdog.isBusy || Math.abs(Date.now() - this.#restingSince) < POLICY.idleMs;
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#sender.send(args, parse);
  }

  #send<T>(args: readonly string[], parse: ReplyParser<T>, notice?: WriteNotice): Promise<T> {
    this.#watchdog.issue();
    const client =
      notice === undefined ? this.#client : (this.#noticing ??= this.#client.withCommandOptions(notice));
    return client.sendCommand<RedisReply>(args as string[]).then((reply) => {
      this.#watchdog.settle();
      return parse(reply);
    }, this.#fail);
  }

  /** True if the server gives a sign of life soon; an error is one, too. */
  async isAlive(): Promise<boolean> {
    const { operationTimeoutMs } = this.options;
    const usual = Math.max(operationTimeoutMs / 10, 4 * this.#longestRoundTripMs);
    const patienceMs = Math.min(usual, operationTimeoutMs / 2);
    const late = (): Error => new DialTimeoutError(patienceMs);
    try {
      const ask = (): Promise<undefined> => outsideOfCallers(() => this.send(['PING'], () => undefined));
      await within(patienceMs, ask, late);
      return true;
    } catch (error) {
      return error instanceof RedisServiceError;
    }
  }

  /** Resolves when nothing is in flight, which the deadline bounds. */
  idle(): Promise<void> {
    return this.#watchdog.idle();
  }

  /** Ends it at once; what is in flight is rejected. */
  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watchdog.stop();
    this.#client.destroy();
  }

  readonly #onBusy = (): void => {
    this.#busySince = Date.now();
    this.#client.ref();
  };

  readonly #onRest = (commands: number): void => {
    this.#restingSince = Date.now();
    if (commands === 1)
      this.#longestRoundTripMs = Math.max(this.#longestRoundTripMs, this.#restingSince - this.#busySince);
    if (!this.#ended) this.#client.unref();
  };

  readonly #fail = (error: unknown): never => {
    this.#watchdog.settle();
    if (this.#overdue) throw new RedisTimeoutError(this.options.operationTimeoutMs, { cause: error });
    const translated = translateError(error);
    if (error instanceof ErrorReply && replyCode(error) === 'READONLY')
      this.options.onReadonly?.(translated, this);
    throw translated;
  };

  #lose(error: Error): void {
    if (this.#ended) return;
    this.destroy();
    this.options.onLost(error, this);
  }
}
