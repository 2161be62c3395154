import { describeValue } from '../common/describe-value.js';
import { cacheLogger } from '../common/loggers.js';
import { within } from '../common/within.js';
import { type Duration, timer } from '../config/kinds.js';
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

const KINDS = { lease: timer('seconds from 1', 1), wait: timer('seconds from 0', 0) };

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
    const leaseMs = toMs('lease', lease);
    const claim = { name, redisKey, lease: new Lease(this.#store, redisKey, leaseMs) };
    const deadline = performance.now() + toMs('wait', wait);
    return this.#inTurn(claim, deadline, async () => {
      await this.#take(claim, deadline);
      return await this.#holding(claim, work);
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

  async #holding<T>(claim: Claim, work: (context: LockContext) => T | Promise<T>): Promise<T> {
    const lost = new AbortController();
    const lose = (): void => lost.abort(new CacheLockError(claim.name, 'lost'));
    let isHeld: boolean;
    let result: T;
    try {
      result = await claim.lease.whileHeld(async () => await work({ signal: lost.signal }), lose);
    } finally {
      isHeld = await this.#release(claim);
    }
    if (!isHeld) lose();
    lost.signal.throwIfAborted();
    return result;
  }

  /**
   * A lock that cannot be released ends with its lease; the work is done.
   *
   * @returns whether it was held until now: a process that stood still for longer than the lease learns of the loss only here
   */
  async #release({ lease }: Claim): Promise<boolean> {
    try {
      return await lease.release();
    } catch (error) {
      const reason = error instanceof Error ? error.name : typeof error;
      cacheLogger.warn(`A lock could not be released (${reason}); it ends by itself after its lease`);
      return !lease.isOverdue;
    }
  }
}

const waitUntil = async (deadline: number, name: string, turn: Promise<void>): Promise<void> => {
  const busy = (): CacheLockError => new CacheLockError(name, 'busy');
  const left = deadline - performance.now();
  if (left <= 0) throw busy();
  await within(left, () => turn, busy);
};

const toMs = (option: keyof LockOptions, value: Duration): number => {
  const kind = KINDS[option];
  if (kind.accepts(value)) return kind.settle(value);
  throw new TypeError(`withLock: ${option} must be ${kind.expected}; got ${describeValue(value)}`);
};
