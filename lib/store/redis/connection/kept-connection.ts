import { performance } from 'node:perf_hooks';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import { ignore } from '../../../common/ignore.js';
import { Connection } from './connection.js';
import { type Dial, DialTimeoutError, type DialledClient } from './dial.js';
import { Reconnection } from './reconnection.js';
import type { ReplyParser } from '../link/redis-link.js';

export interface KeptConnectionOptions {
  readonly start: () => Dial;
  readonly operationTimeoutMs: number;
  /**
   * How long the first attempt is waited for, in milliseconds.
   * @default operationTimeoutMs
   */
  readonly patienceMs?: number | undefined;
  /** Called when the server is lost, and when it is there at last. */
  readonly onChange: (connection: KeptConnection) => void;
}

/** A connection that ended sooner than this is not replaced at once: something closes each. */
const SHORT_LIFE_MS = 1000;

/** A connection to one server that is replaced whenever it ends. */
export class KeptConnection {
  #connection: Connection | undefined;
  #reconnection: Reconnection | undefined;
  #failure: unknown;
  #opened: Promise<void> | undefined;
  #tried: () => void = ignore;
  #readySince = Infinity;
  #ended = false;

  constructor(private readonly options: KeptConnectionOptions) {}

  get isReady(): boolean {
    return this.#connection !== undefined;
  }

  /** A time of performance.now(); Infinity while there is no connection. */
  get readySince(): number {
    return this.#readySince;
  }

  /** Why there is no connection; undefined before the first attempt has failed, too. */
  get failure(): unknown {
    return this.isReady ? undefined : this.#failure;
  }

  /** Connects, and resolves when that has succeeded or failed once, or patience has run out. */
  open(): Promise<void> {
    return (this.#opened ??= this.#ended ? Promise.resolve() : this.#open());
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    return this.#connection === undefined
      ? this.#sendWhenOpen(args, parse)
      : this.#connection.send(args, parse);
  }

  /** Gives the connection up, with what is under way on it, for a new one. */
  renew(reason: Error): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.destroy();
    this.#onLost(reason, connection);
  }

  /** Waits for what is under way, which the deadline bounds, and ends. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#reconnection?.stop();
    this.#tried();
    await this.#connection?.idle();
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #sendWhenOpen<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    if (this.#failure === undefined) await this.open();
    if (this.#connection !== undefined) return this.#connection.send(args, parse);
    // A caller that tries again at once, for ever, would keep the event loop from ever reconnecting.
    await eventLoop();
    throw new RedisConnectionError(undefined, { cause: this.#failure });
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const { operationTimeoutMs, patienceMs = operationTimeoutMs } = this.options;
      const patience = setTimeout(() => this.#fail(new DialTimeoutError(patienceMs)), patienceMs);
      this.#tried = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#reconnect(true);
    });
  }

  #reconnect(hurry: boolean): void {
    let first = this.#failure === undefined;
    this.#reconnection = new Reconnection({
      start: () => {
        const dial = this.options.start();
        if (first) dial.opened.catch(this.#fail);
        first = false;
        return dial;
      },
      onOpen: (opened) => this.#adopt(opened),
      hurry,
    });
  }

  readonly #fail = (error: unknown): void => {
    if (this.#connection !== undefined) return;
    this.#failure = error;
    this.#tried();
  };

  #adopt({ client, bytesRead }: DialledClient): void {
    const { operationTimeoutMs } = this.options;
    this.#reconnection = undefined;
    this.#connection = new Connection({ client, bytesRead, operationTimeoutMs, onLost: this.#onLost });
    this.#readySince = performance.now();
    this.#tried();
    if (this.#failure !== undefined) this.options.onChange(this);
  }

  readonly #onLost = (error: Error, connection: Connection): void => {
    if (connection !== this.#connection) return;
    const hurry = performance.now() - this.#readySince > SHORT_LIFE_MS;
    this.#connection = undefined;
    this.#readySince = Infinity;
    this.#failure = error;
    if (this.#ended) return;
    this.#reconnect(hurry);
    this.options.onChange(this);
  };
}
