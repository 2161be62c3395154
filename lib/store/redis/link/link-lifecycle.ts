import { performance } from 'node:perf_hooks';
import { setImmediate as eventLoop, setTimeout as pause } from 'node:timers/promises';
import { ignore } from '../../../common/ignore.js';
import { within } from '../../../common/within.js';
import { DialTimeoutError } from '../connection/dial.js';
import { pauseAfter, POLICY } from '../connection/policy.js';
import { mayPass } from '../connection/start-error.js';
import { unreachable } from '../connection/unreachable.js';
import { closedError } from './closed-error.js';

export interface LinkLifecycleOptions {
  /** Connects; the signal says that nobody waits any more. Called again while a failure may pass. */
  readonly open: (signal: AbortSignal) => Promise<void>;
  /** Releases everything, also what a failed `open` has left. Commands in flight are waited for, within a bound. */
  readonly release: () => Promise<void>;
  /** Makes the error that tells the caller why the start failed. */
  readonly startError: (error: unknown) => Error;
  readonly connectTimeoutMs: number;
  readonly operationTimeoutMs: number;
}

interface Attempt {
  readonly whole: Promise<void>;
  readonly forCommands: Promise<void>;
}

/** The life of a link: connected once however many ask for it, closed once; after a failure the next to ask tries again. */
export class LinkLifecycle {
  readonly #closing = new AbortController();
  #isOpen = false;
  #attempt: Attempt | undefined;
  #failure: unknown;
  #failedAt = -Infinity;
  /** Resolves when everything that a failed start has left is gone. */
  #released: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(private readonly options: LinkLifecycleOptions) {}

  /** True if commands can be sent: also while it closes, as long as calls follow each other, within a bound. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  connect(): Promise<void> {
    return this.isClosing ? Promise.reject(closedError()) : this.#current().whole;
  }

  /** Does the work of a command once there is a connection: bounded by the operation timeout. */
  async whenOpen<T>(work: () => Promise<T>): Promise<T> {
    if (!this.isClosing && !this.#isOpen) await this.#connectForCommand();
    if (this.#isOpen) return work();
    await eventLoop();
    throw closedError();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** Serves calls also while it waits, or the last calls of an application would be cut off in the middle. */
  async #close(): Promise<void> {
    this.#closing.abort(closedError());
    await this.#attempt?.whole.catch(ignore);
    await this.#released;
    const endOfService = setTimeout(() => (this.#isOpen = false), this.options.operationTimeoutMs);
    endOfService.unref();
    await this.options.release();
    clearTimeout(endOfService);
    this.#isOpen = false;
  }

  async #connectForCommand(): Promise<void> {
    if (this.#attempt === undefined && performance.now() - this.#failedAt < POLICY.respiteMs) {
      await eventLoop();
      throw unreachable(this.#failure);
    }
    await this.#current().forCommands;
  }

  #current(): Attempt {
    return (this.#attempt ??= this.#begin());
  }

  #begin(): Attempt {
    const whole = this.#open().catch((error: unknown) => {
      this.#attempt = undefined;
      this.#failure = error;
      this.#failedAt = performance.now();
      throw error;
    });
    const forCommands = within(
      this.options.operationTimeoutMs,
      () => whole,
      () => undefined,
    ).catch((error: unknown) => {
      throw this.isClosing ? closedError() : unreachable(error);
    });
    // Either may have nobody waiting.
    forCommands.catch(ignore);
    whole.catch(ignore);
    return { whole, forCommands };
  }

  async #open(): Promise<void> {
    const { connectTimeoutMs, startError } = this.options;
    let failure: unknown;
    const fail = (error: unknown): void => {
      failure = error;
    };
    try {
      const late = (): unknown => failure ?? new DialTimeoutError(connectTimeoutMs);
      const work = (signal: AbortSignal): Promise<void> => this.#openRepeatedly(signal, fail);
      await within(connectTimeoutMs, work, late, { signal: this.#closing.signal });
      this.#isOpen = true;
    } catch (error) {
      if (!this.isClosing) this.#released = this.options.release();
      throw this.isClosing ? closedError() : startError(error);
    }
  }

  /** A server that refuses may be about to listen, one that is a replica to be promoted. */
  async #openRepeatedly(signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    await this.#released;
    for (let failures = 0; ; failures++) {
      try {
        await this.options.open(signal);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        onFailure(error);
        if (!mayPass(error)) throw error;
        await this.options.release();
      }
      await pause(pauseAfter(failures), undefined, { signal });
    }
  }
}
