import { ignore } from '../../common/ignore.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import { Waiter, waitFor } from './waiting.js';

/** One run on behalf of everybody who asked for the same key meanwhile. */
export class Flight extends Waiter {
  /** Whether the entry was written or deleted since the run began: its result must not be stored any more. */
  fenced = false;
  /** The store's answer to the run's write; never rejects. */
  writing: Promise<void> | undefined;
  result: Promise<string> = Promise.resolve('');

  /** Writes the result, in such a way that a later write or delete of this process can wait for it. */
  async write<T>(call: () => Promise<T>): Promise<T> {
    const answer = call();
    this.writing = answer.then(ignore, ignore);
    return answer;
  }
}

const flightsByStore = new WeakMap<KeyValueStore, SingleFlight>();

/** The runs on a store. All caches on it share them, since two may have one prefix. */
export const flightsOn = (store: KeyValueStore): SingleFlight => {
  const known = flightsByStore.get(store);
  if (known !== undefined) return known;
  const flights = new SingleFlight();
  flightsByStore.set(store, flights);
  return flights;
};

/**
 * Lets concurrent calls for one key share one run, and keeps a run from undoing what this process wrote or deleted
 * while it was under way.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();
  /** Writes of fenced runs that have not been answered yet. */
  readonly #lateWrites = new Map<string, Promise<void>>();

  /**
   * The result of the run for `key` that is under way, else of a new one.
   *
   * @param name what messages call the key
   * @throws CacheFactoryCycleError when that run waits for the one that asks.
   */
  run(key: string, work: (flight: Flight) => Promise<string>, name = key): Promise<string> {
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) return waitFor(underWay, underWay.result);
    const flight = new Flight(name);
    this.#flights.set(key, flight);
    flight.result = this.#fly(key, flight, work);
    return waitFor(flight, flight.result);
  }

  /**
   * To be called before `key` is written or deleted: the run under way stores nothing, and the next call starts
   * another. Where its write is on the way already, gives a promise to wait for: the same to whoever asks until
   * then, so that calls keep their order.
   */
  fence(key: string): Promise<void> | undefined {
    if (this.#isIdle) return undefined;
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      this.#flights.delete(key);
      flight.fenced = true;
      if (flight.writing !== undefined) this.#rememberLate(key, flight.writing);
    }
    return this.#lateWrites.get(key);
  }

  /** As `fence`, for many; whoever writes one of them afterwards waits as long. */
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
    return this.fenceMany([...this.#flights.keys(), ...this.#lateWrites.keys()].filter(selected));
  }

  get #isIdle(): boolean {
    return this.#flights.size === 0 && this.#lateWrites.size === 0;
  }

  #rememberLate(key: string, writing: Promise<void>): void {
    this.#lateWrites.set(key, writing);
    void writing.then(() => {
      if (this.#lateWrites.get(key) === writing) this.#lateWrites.delete(key);
    });
  }

  async #fly(key: string, flight: Flight, work: (flight: Flight) => Promise<string>): Promise<string> {
    try {
      return await work(flight);
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }
}
