import { performance } from 'node:perf_hooks';
import { setImmediate as eventLoop } from 'node:timers/promises';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import { ignore } from '../../../common/ignore.js';

/** After a failed attempt commands fail at once for this long, rather than each starting one more. */
const RESPITE_MS = 100;

interface Attempt {
  readonly whole: Promise<void>;
  readonly forCommands: Promise<void>;
}

/** The first connection of a link, made once however many ask for it; after a failure the next to ask tries again. */
export class FirstConnect {
  #attempt: Attempt | undefined;
  #failure: unknown;
  #failedAt = -Infinity;

  /**
   * @param open settles within the connect timeout and rejects with an error for the start
   * @param patienceMs how long commands wait for an attempt before they fail
   */
  constructor(
    private readonly open: () => Promise<void>,
    private readonly patienceMs: number,
  ) {}

  connect(): Promise<void> {
    return this.#current().whole;
  }

  /** As `connect`, for a command: bounded by the operation timeout, and the error names no host. */
  async connectForCommand(): Promise<void> {
    if (this.#attempt === undefined && performance.now() - this.#failedAt < RESPITE_MS) {
      await eventLoop();
      throw unreachable(this.#failure);
    }
    await this.#current().forCommands;
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    await this.#attempt?.whole.catch(ignore);
  }

  #current(): Attempt {
    return (this.#attempt ??= this.#begin());
  }

  #begin(): Attempt {
    const whole = this.open().catch((error: unknown) => {
      this.#attempt = undefined;
      this.#failure = error;
      this.#failedAt = performance.now();
      throw error;
    });
    const forCommands = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(unreachable(undefined)), this.patienceMs);
      whole.then(resolve, (error: unknown) => reject(unreachable(error))).finally(() => clearTimeout(timer));
    });
    // Either may have nobody waiting.
    forCommands.catch(ignore);
    whole.catch(ignore);
    return { whole, forCommands };
  }
}

const unreachable = (cause: unknown): RedisConnectionError => new RedisConnectionError(undefined, { cause });
