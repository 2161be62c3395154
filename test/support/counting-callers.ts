import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RedisConnectionError, RedisServiceError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { Load } from './load.js';
import { until } from './redis-admin.js';
import { settle } from './settle.js';

/** Writes of each caller. */
const ENOUGH = 10;

/** What became of the calls. */
export interface Tally {
  /** Counts that were read and contradict what was acknowledged or asked for. */
  readonly lies: readonly string[];
  /** Failures other than the errors a caller is told to expect. */
  readonly untyped: readonly unknown[];
  /** Failures of calls that began after a fault was over. */
  readonly late: readonly unknown[];
  readonly longestMs: number;
}

/** Many callers at once, each of whom counts up under a key of its own and reads it back, over and over. */
export class CountingCallers {
  readonly #callers: readonly CountingCaller[];
  readonly #load: Load;

  constructor(
    private readonly store: KeyValueStore,
    readonly size: number,
  ) {
    this.#callers = Array.from({ length: size }, () => new CountingCaller(store));
    this.#load = new Load(size, (n) => this.#callers[n]!.round());
  }

  /** The failures of all calls so far. */
  get failures(): readonly unknown[] {
    return this.#callers.flatMap(({ failures }) => failures);
  }

  /** Resolves when each has written several times more. */
  async haveWritten(times = ENOUGH): Promise<void> {
    const goals = this.#callers.map(({ acknowledgements }) => acknowledgements + times);
    await until('every caller has written several times', () =>
      Promise.resolve(this.#callers.every(({ acknowledgements }, n) => acknowledgements >= goals[n]!)),
    );
  }

  /** From now on calls may fail. */
  faultBegins(): void {
    for (const caller of this.#callers) caller.mayFail = true;
  }

  /** Waits until each is served again; from then on no call may fail. */
  async faultIsOver(): Promise<void> {
    await this.haveWritten(2);
    for (const caller of this.#callers) caller.mayFail = false;
  }

  /** Has them wait, and resolves when nothing is in flight. */
  async rest(): Promise<void> {
    for (const caller of this.#callers) caller.rests = true;
    await until('every caller rests', () => Promise.resolve(this.#callers.every(({ isIdle }) => isIdle)));
  }

  goOn(): void {
    for (const caller of this.#callers) caller.rests = false;
  }

  /** Ends them; without effect on those that have ended. */
  stop(): Promise<void> {
    return this.#load.stop();
  }

  /** Ends them once each has written enough, looks at what they have left, and removes it. */
  async end(): Promise<Tally> {
    await until('every caller has written several times', () =>
      Promise.resolve(this.#callers.every(({ acknowledgements }) => acknowledgements > ENOUGH)),
    );
    await this.stop();
    const keys = this.#callers.map(({ key }) => key);
    const values = await this.store.getMany(keys);
    this.#callers.forEach((caller, n) => caller.check(values[n]!));
    await this.store.deleteMany(keys);
    return {
      lies: this.#callers.flatMap(({ lies }) => lies),
      untyped: this.failures.filter((error) => !isExpected(error)),
      late: this.#callers.flatMap(({ late }) => late),
      longestMs: Math.max(...this.#callers.map(({ longestMs }) => longestMs)),
    };
  }
}

const isExpected = (error: unknown): boolean =>
  error instanceof RedisConnectionError || error instanceof RedisServiceError;

class CountingCaller {
  readonly key = `chaos:${randomUUID()}`;
  /** How many writes were acknowledged. */
  acknowledgements = 0;
  readonly failures: unknown[] = [];
  readonly late: unknown[] = [];
  readonly lies: string[] = [];
  longestMs = 0;
  mayFail = true;
  rests = false;
  isIdle = false;
  /** The last count whose write was asked for. */
  #asked = 0;
  /** The last count whose write was acknowledged. */
  #acknowledged = 0;

  constructor(private readonly store: KeyValueStore) {}

  async round(): Promise<void> {
    this.isIdle = this.rests;
    if (this.rests) return pause(10);
    this.#asked++;
    if (await this.#call(() => this.store.set(this.key, String(this.#asked), null))) {
      this.#acknowledged = this.#asked;
      this.acknowledgements++;
    }
    await this.#call(async () => this.check(await this.store.get(this.key)));
  }

  check(value: string | null): void {
    const count = Number(value);
    if (count < this.#acknowledged || count > this.#asked)
      this.lies.push(`${count} of ${this.#acknowledged}`);
  }

  async #call(work: () => Promise<unknown>): Promise<boolean> {
    const mayFail = this.mayFail;
    const { error, waitedMs } = await settle(work);
    this.longestMs = Math.max(this.longestMs, waitedMs);
    if (error === undefined) return true;
    this.failures.push(error);
    if (!mayFail && !this.mayFail) this.late.push(error);
    return false;
  }
}
