import { performance } from 'node:perf_hooks';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import { ignore } from '../../../common/ignore.js';
import { outsideOfCallers } from '../../../common/outside-of-callers.js';
import { within } from '../../../common/within.js';
import { Connection } from './connection.js';
import { dialRepeatedly } from './dial-repeatedly.js';
import { type Dial, DialTimeoutError, type DialledClient } from './dial.js';
import { POLICY } from './policy.js';
import { unreachable } from './unreachable.js';
import type { ReplyParser } from '../link/redis-link.js';

export interface ReconnectingConnectionOptions {
  readonly dial: Dial;
  readonly operationTimeoutMs: number;
  /** If true, callers who ask for one key at the same time share a GET. */
  readonly sharesReads?: boolean | undefined;
  /**
   * The time for which the first attempt is waited for, in milliseconds.
   * @default operationTimeoutMs
   */
  readonly patienceMs?: number | undefined;
  /** The error where the server turns its user away, which an operator has to mend. Else undefined. */
  readonly accessError?: (error: unknown) => ImproperlyConfiguredError | undefined;
  /** Called when the server is lost, or not there at first, when it turns its user away, and when it is there at last. */
  readonly onChange: (connection: ReconnectingConnection) => void;
}

/** A connection to one server that is replaced whenever it ends. */
export class ReconnectingConnection {
  readonly #end = new AbortController();
  #connection: Connection | undefined;
  /** Until a connection is made, or an attempt has failed, or patience has run out. */
  #tried: Promise<void> | undefined;
  #failure: unknown;
  #checked: Promise<void> | undefined;
  /** The connection that is being asked for a sign of life, which no command uses meanwhile. */
  #asked: Connection | undefined;
  readonly #waiting = new Set<Promise<unknown>>();
  #readySince = Infinity;
  /** A time of Date.now(), which goes on while the machine sleeps. */
  #madeAt = 0;

  constructor(private readonly options: ReconnectingConnectionOptions) {}

  get isReady(): boolean {
    return this.#connection !== undefined;
  }

  /** True if something is in flight. */
  get isBusy(): boolean {
    return this.#waiting.size > 0 || this.#connection?.isBusy === true;
  }

  /** The time at which the latest connection was made, by performance.now(); Infinity before the first. */
  get readySince(): number {
    return this.#readySince;
  }

  /**
   * The error of the latest attempt while there is no connection; undefined before the first attempt has failed, too.
   */
  get failure(): unknown {
    return this.isReady ? undefined : this.#failure;
  }

  /** Connects, and resolves when that has succeeded or failed once, or patience has run out. */
  open(): Promise<void> {
    return (this.#tried ??= this.#connect(true, this.options.patienceMs));
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const connection = this.#connection;
    if (connection !== undefined && this.#checked === undefined && connection.isTrusted)
      return connection.send(args, parse);
    const sent = this.#sendWhenTrusted(args, parse).finally(() => this.#waiting.delete(sent));
    this.#waiting.add(sent);
    return sent;
  }

  /** Gives the connection up, with what is in flight on it, for a new one. */
  renew(reason: Error): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.destroy();
    this.#replace(reason, 'told');
  }

  /** Resolves when no command is in flight, which the deadline bounds: an answer may lead to one more command. */
  async idle(): Promise<void> {
    while (this.isBusy) {
      await Promise.allSettled([...this.#waiting, this.#connection?.idle()]);
      await eventLoop();
    }
  }

  /** Waits for what is in flight, which the deadline bounds, and ends. */
  async close(): Promise<void> {
    this.#end.abort(new RedisConnectionError('The connection to Redis is closed'));
    await this.idle();
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #sendWhenTrusted<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const { operationTimeoutMs } = this.options;
    const late = (): Error => unreachable(this.#failure ?? new DialTimeoutError(operationTimeoutMs));
    const connection = await within(operationTimeoutMs, () => this.#trusted(), late);
    return connection.send(args, parse);
  }

  async #trusted(): Promise<Connection> {
    if (this.#connection !== undefined) await this.#check(this.#connection);
    if (this.#connection === undefined && this.#failure === undefined) await this.open();
    if (this.#connection !== undefined) return this.#connection;
    // A caller that tries again at once, forever, would keep the event loop from ever reconnecting.
    await eventLoop();
    throw unreachable(this.#failure);
  }

  /** Asks once for all commands that came after a pause. Later ones queue behind them until they are on their way. */
  #check(connection: Connection): Promise<void> {
    this.#checked ??= this.#askForLife(connection).finally(() => {
      setImmediate(() => (this.#checked = undefined));
    });
    return this.#checked;
  }

  async #askForLife(connection: Connection): Promise<void> {
    if (connection.isTrusted) return;
    this.#asked = connection;
    const isAlive = await connection.isAlive();
    this.#asked = undefined;
    if (isAlive || connection !== this.#connection) return;
    connection.destroy();
    this.#replace(new Error('No sign of life after a pause'), 'silent');
  }

  async #connect(immediately: boolean, patienceMs = this.options.operationTimeoutMs): Promise<void> {
    let giveUp: (error: unknown) => void = ignore;
    const refused = new Promise<never>((_, reject) => (giveUp = reject));
    const { signal } = this.#end;
    const repeated = outsideOfCallers(() =>
      dialRepeatedly(this.options.dial, {
        signal,
        immediately,
        onRefused: (error) => {
          this.#fail(error);
          giveUp(error);
        },
      }),
    );
    const adopted = repeated.then((opened) => this.#adopt(opened));
    try {
      const late = (): Error => new DialTimeoutError(patienceMs);
      await within(patienceMs, () => Promise.race([adopted, refused]), late);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#connection !== undefined) return;
    const access = this.options.accessError?.(error);
    const wasTurnedAway = this.#failure instanceof ImproperlyConfiguredError;
    const isNews = this.#failure === undefined || (access !== undefined && !wasTurnedAway);
    this.#failure = access ?? error;
    if (isNews && !this.#end.signal.aborted) this.options.onChange(this);
  }

  #adopt({ client, socket }: DialledClient): void {
    const { operationTimeoutMs, sharesReads } = this.options;
    const wasLost = this.#failure !== undefined;
    this.#failure = undefined;
    this.#connection = new Connection({
      client,
      socket,
      operationTimeoutMs,
      sharesReads,
      onLost: this.#onLost,
      onReadonly: this.#onReadonly,
    });
    this.#readySince = performance.now();
    this.#madeAt = Date.now();
    if (wasLost) this.options.onChange(this);
  }

  /** One that nobody was using is replaced silently, unless that fails. */
  readonly #onLost = (error: Error, connection: Connection): void => {
    if (connection !== this.#connection) return;
    this.#replace(error, connection.isBusy && connection !== this.#asked ? 'told' : 'silent');
  };

  /** The name may lead to another server by now; what is in flight here is answered still. */
  readonly #onReadonly = (error: Error, connection: Connection): void => {
    if (connection !== this.#connection) return;
    this.#replace(error, 'told');
    void connection.idle().then(() => connection.destroy());
  };

  #replace(reason: unknown, how: 'told' | 'silent'): void {
    const livedLong = Math.abs(Date.now() - this.#madeAt) > POLICY.shortLifeMs;
    this.#connection = undefined;
    if (this.#end.signal.aborted) return;
    this.#failure = how === 'silent' && livedLong ? undefined : reason;
    this.#tried = this.#connect(livedLong);
    if (this.#failure !== undefined) this.options.onChange(this);
  }
}
