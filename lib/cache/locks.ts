import { describeValue } from '../common/describe-value.js';
import { parseDuration } from '../common/duration.js';
import { cacheLogger } from '../common/loggers.js';
import { within } from '../common/within.js';
import type { Duration } from '../config/kinds.js';
import { CacheLockError } from '../errors/cache-lock.error.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import { checkFunction } from './call-options.js';
import { Lease, pauseBeforeAsking } from './lease.js';

/** The options of a lock. */
export interface LockOptions {
  /**
   * The time by which the lock outlives a holder that died: seconds from 1, or a duration string. A living holder
   * renews it every third of this time.
   * @default '10s'
   */
  readonly lease?: Duration;
  /**
   * The time to wait for a lock that somebody else holds: seconds, or a duration string; 0 does not wait.
   * @default '5s'
   */
  readonly wait?: Duration;
}

/** The argument of the work under a lock. */
export interface LockContext {
  /** Aborted when the lock is lost, with the CacheLockError. */
  readonly signal: AbortSignal;
}

/** One call that holds a lock, or wants to. */
interface Claim {
  readonly name: string;
  readonly redisKey: string;
  readonly lease: Lease;
}

const LEAST_LEASE_MS = 1000;

/**
 * Locks that one call holds in all processes. A lock is a key with a random token and a time to live. Calls of one process
 * for one lock queue here, so that only the first of them asks Redis.
 */
export class Locks {
  /** Private to the runtime too: it knows the password of Redis. */
  readonly #store: KeyValueStore;
  readonly #queues = new Map<string, Promise<void>>();

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** @throws CacheLockError; TypeError for an option that makes no sense; what the work throws */
  async run<T>(
    name: string,
    redisKey: string,
    work: (context: LockContext) => T | Promise<T>,
    { lease = '10s', wait = '5s' }: LockOptions = {},
  ): Promise<T> {
    checkFunction(work, 'work');
    const leaseMs = toMs('lease', lease, LEAST_LEASE_MS);
    const claim = { name, redisKey, lease: new Lease(this.#store, redisKey, leaseMs) };
    const deadline = performance.now() + toMs('wait', wait, 0);
    return this.#inTurn(claim, deadline, async () => {
      await this.#take(claim, deadline);
      try {
        return await this.#holding(claim, work);
      } finally {
        await this.#release(claim);
      }
    });
  }

  /** Lets earlier calls of this process go first. A call that waits for too long leaves the queue. */
  async #inTurn<T>({ name, redisKey }: Claim, deadline: number, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(redisKey);
    let leave = (): void => undefined;
    const own = new Promise<void>((resolve) => (leave = resolve));
    const last = before === undefined ? own : before.then(() => own);
    this.#queues.set(redisKey, last);
    try {
      if (before !== undefined) await waitUntil(deadline, name, before);
      return await work();
    } finally {
      leave();
      if (this.#queues.get(redisKey) === last) this.#queues.delete(redisKey);
    }
  }

  async #take({ name, lease }: Claim, deadline: number): Promise<void> {
    for (let asked = 0; !(await lease.take()); asked += 1) {
      const left = deadline - performance.now();
      if (left <= 0) throw new CacheLockError(name, 'busy');
      await pauseBeforeAsking(asked, left);
    }
  }

  async #holding<T>({ name, lease }: Claim, work: (context: LockContext) => T | Promise<T>): Promise<T> {
    const lost = new AbortController();
    const lose = (): void => lost.abort(new CacheLockError(name, 'lost'));
    return await lease.whileHeld(async () => {
      const result = await work({ signal: lost.signal });
      lost.signal.throwIfAborted();
      return result;
    }, lose);
  }

  /** A lock that cannot be released ends with its lease; the work is done. */
  async #release({ lease }: Claim): Promise<void> {
    try {
      await lease.release();
    } catch (error) {
      const reason = error instanceof Error ? error.name : typeof error;
      cacheLogger.warn(`A lock could not be released (${reason}); it ends by itself after its lease`);
    }
  }
}

const waitUntil = async (deadline: number, name: string, turn: Promise<void>): Promise<void> => {
  const busy = (): CacheLockError => new CacheLockError(name, 'busy');
  const left = deadline - performance.now();
  if (left <= 0) throw busy();
  await within(left, () => turn, busy);
};

const toMs = (option: keyof LockOptions, value: Duration, least: number): number => {
  const ms = typeof value === 'number' ? value * 1000 : parseDuration(value);
  if (ms !== undefined && ms >= least && Number.isSafeInteger(Math.round(ms))) return ms;
  throw new TypeError(
    `withLock: ${option} must be seconds from ${least / 1000}, or a duration string such as '10s'; got ${describeValue(value)}`,
  );
};
