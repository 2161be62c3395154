import { ignore } from '../../common/ignore.js';
import { TransientMap } from '../../common/transient-map.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { Lease } from '../lease.js';
import { MISS, type Reading } from '../observing/reading.js';
import type { Tokens } from '../tags/tags.js';
import type { Outage } from './outages.js';
import { Waiter } from './waiting.js';

/** The result of a flight for all its callers. */
export interface Answer {
  /** `undefined`: there is no value, and this flight makes none. */
  readonly text: string | undefined;
  readonly reading: Reading;
  /** Of a value that is stale or has tags: the number of the look that found it still to be served. */
  readonly asOf?: number;
}

/**
 * One search on behalf of everybody who asked for the same key meanwhile, and the run of a factory that may come of it.
 * The run may go on behind when the search has been answered.
 */
export class Flight extends Waiter implements Outage {
  /** True if the entry was written or deleted since the flight began: its result must not be stored any more. */
  fenced = false;
  /** The store's answer to the run's write; never rejects. */
  writing: Promise<void> | undefined;
  /** The number of look-ups that were sent for a value that may be stale. */
  looks = 0;
  answer: Promise<Answer> = Promise.resolve({ text: undefined, reading: MISS });
  /** The text that the factory makes, `undefined` if it makes none. */
  run: Promise<string | undefined> | undefined;
  isRunning = false;
  /** The reading of the factory's value, once there is one. */
  made: Reading = MISS;
  /** True if the factory's value was stored. */
  isStored = false;
  /** The context for the rest of a run that continues in the background, if somebody observes it. */
  surroundings: { within<T>(work: () => T): T } | undefined;
  /**
   * The tokens that the run is tied to, once they were asked for; a later call must check whether they are still
   * current.
   */
  tokens: Promise<Tokens | undefined> | undefined;
  /** Of a text with tags that another process has made: the number of the look that found it. */
  foundAt: number | undefined;
  /** The error of the store, if it failed. */
  storeFailure: unknown;
  /** The lease that lets only this run of all processes make the value; only in a cache with shared flights. */
  lease: Lease | undefined;
  /** True while its run waits for the value of another process. */
  isWaiting = false;

  /** True if its run is as good as one that begins now. @param holder whose run may store what it makes */
  isAsGoodAs(holder: string | undefined): boolean {
    return this.isWaiting || this.lease?.token === holder;
  }

  begin(run: Promise<string | undefined>): Promise<string | undefined> {
    this.isRunning = true;
    this.run = run;
    const landed = (): void => void (this.isRunning = false);
    run.then(landed, landed);
    return run;
  }

  /** Writes the result, in such a way that a later write or delete of this process can wait for it. */
  async write<T>(call: () => Promise<T>): Promise<T> {
    const answer = this.surroundings === undefined ? call() : this.surroundings.within(call);
    this.writing = answer.then(ignore, ignore);
    return answer;
  }
}

/** A flight, as one of those who wait for it sees it. */
export interface Boarding {
  readonly flight: Flight;
  /** The looks that were sent before. */
  readonly looks: number;
  /** True if another call began it. */
  readonly isJoined: boolean;
  /** True if the tokens of its run were asked for before. */
  readonly isLate: boolean;
}

const flightsByStore = new WeakMap<KeyValueStore, SingleFlight>();

/** The flights on a store. All caches on it share them, since two may have one prefix. */
export const flightsOn = (store: KeyValueStore): SingleFlight => {
  const known = flightsByStore.get(store);
  if (known !== undefined) return known;
  const flights = new SingleFlight();
  flightsByStore.set(store, flights);
  return flights;
};

/**
 * Lets concurrent calls for one key share one flight, and keeps its run from undoing what this process wrote or deleted
 * while it was in flight.
 */
export class SingleFlight {
  readonly #flights = new TransientMap<string, Flight>();
  /** Runs that have answered their callers and continue. */
  readonly #behind = new Map<string, Flight>();
  /** All runs behind, fenced ones too. */
  readonly #runsBehind = new Set<Promise<unknown>>();
  /** Writes of fenced runs that have not been answered yet. */
  readonly #lateWrites = new Map<string, Promise<void>>();

  /**
   * The flight for `key` that is in progress, else a new one.
   *
   * @param name what messages call the key
   */
  board(key: string, work: (flight: Flight) => Promise<Answer>, name = key): Boarding {
    const inFlight = this.#flights.get(key);
    if (inFlight !== undefined) {
      const { looks, tokens } = inFlight;
      return { flight: inFlight, looks, isJoined: true, isLate: tokens !== undefined };
    }
    const flight = new Flight(name);
    this.#flights.set(key, flight);
    flight.answer = this.#fly(key, flight, work);
    return { flight, looks: 0, isJoined: false, isLate: false };
  }

  isInFlight(key: string): boolean {
    return this.#flights.has(key);
  }

  /** The flight whose run for `key` continues in the background. */
  behind(key: string): Flight | undefined {
    return this.#behind.get(key);
  }

  /** Begins a run that nobody waits for. */
  beginBehind(key: string, name: string, work: (flight: Flight) => Promise<string | undefined>): void {
    const flight = new Flight(name);
    this.#runBehind(key, flight, flight.begin(work(flight)));
  }

  /** Resolves when no run continues in the background any more; never rejects. */
  async settled(): Promise<void> {
    while (this.#runsBehind.size > 0) await Promise.all(this.#runsBehind);
  }

  /**
   * To be called before `key` is written or deleted: the run in flight stores nothing, and the next call starts
   * another. If its write is on the way already, gives a promise to wait for: the same one to every call until then, so
   * that calls keep their order.
   */
  fence(key: string): Promise<void> | undefined {
    if (this.#isIdle) return undefined;
    for (const flight of [this.#flights.get(key), this.#behind.get(key)])
      if (flight !== undefined) this.#leave(key, flight);
    return this.#lateWrites.get(key);
  }

  /** As `fence`, for one flight. */
  leave(key: string, flight: Flight): Promise<void> | undefined {
    this.#leave(key, flight);
    return this.#lateWrites.get(key);
  }

  /** To be called when the run of a flight has lost its lease: it stores nothing, and the next call starts another. */
  abandon(key: string, flight: Flight): void {
    flight.fenced = true;
    for (const flights of [this.#flights, this.#behind]) if (flights.get(key) === flight) flights.delete(key);
  }

  /** Like `fence`, for many keys. A later write of one of them waits as long. */
  fenceMany(keys: readonly string[]): Promise<void> | undefined {
    if (this.#isIdle) return undefined;
    const late = keys.map((key) => this.fence(key)).filter((writing) => writing !== undefined);
    if (late.length === 0) return undefined;
    const all = Promise.all(late).then(ignore);
    for (const key of keys) this.#rememberLate(key, all);
    return all;
  }

  /** As `fence`, for every key that is selected. */
  fenceWhere(selected: (key: string) => boolean): Promise<void> | undefined {
    const keys = [...this.#flights.keys(), ...this.#behind.keys(), ...this.#lateWrites.keys()];
    return this.fenceMany(keys.filter(selected));
  }

  get #isIdle(): boolean {
    return this.#flights.size === 0 && this.#behind.size === 0 && this.#lateWrites.size === 0;
  }

  #leave(key: string, flight: Flight): void {
    for (const flights of [this.#flights, this.#behind]) if (flights.get(key) === flight) flights.delete(key);
    flight.fenced = true;
    if (flight.writing !== undefined) this.#rememberLate(key, flight.writing);
  }

  #rememberLate(key: string, writing: Promise<void>): void {
    this.#lateWrites.set(key, writing);
    void writing.then(() => {
      if (this.#lateWrites.get(key) === writing) this.#lateWrites.delete(key);
    });
  }

  async #fly(key: string, flight: Flight, work: (flight: Flight) => Promise<Answer>): Promise<Answer> {
    try {
      return await work(flight);
    } finally {
      if (flight.isRunning && flight.run !== undefined) this.#runBehind(key, flight, flight.run);
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  #runBehind(key: string, flight: Flight, run: Promise<unknown>): void {
    const landed = run.then(ignore, ignore).then(() => {
      this.#runsBehind.delete(landed);
      if (this.#behind.get(key) === flight) this.#behind.delete(key);
    });
    this.#runsBehind.add(landed);
    if (!flight.fenced) this.#behind.set(key, flight);
  }
}
