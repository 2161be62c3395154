import { cacheLogger } from '../../common/loggers.js';
import { SerializationError } from '../../errors/serialization.error.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import { dump } from '../entries.js';
import { load } from '../loading.js';
import { type FactoryContext, runFactory } from './factory-run.js';
import type { Policy } from './get-or-set-options.js';
import type { Flight, SingleFlight } from './single-flight.js';

/** How many keys are remembered as warned of. */
const MOST_WARNED_KEYS = 1000;

/** One call of `getOrSet`. */
export interface ReadThroughCall {
  readonly key: string;
  readonly redisKey: string;
  readonly factory: (context: FactoryContext) => unknown;
  readonly policy: Policy;
}

/** What `getOrSet` does: reads an entry, and makes it where there is none. */
export class ReadThrough {
  readonly #store: KeyValueStore;
  readonly #warned = new Set<string>();

  constructor(
    store: KeyValueStore,
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
  ) {
    this.#store = store;
  }

  /** @throws what the factory throws; TypeError, CacheFactoryTimeoutError, CacheFactoryCycleError */
  async value(call: ReadThroughCall): Promise<unknown> {
    const text = await this.flights.run(call.redisKey, (flight) => this.#findOrMake(flight, call), call.key);
    try {
      return load(this.serializer, call.key, text);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      this.#warnOf(call.key, error);
      const healed = await this.flights.run(
        call.redisKey,
        (flight) => this.#replace(flight, call, text),
        call.key,
      );
      return load(this.serializer, call.key, healed);
    }
  }

  async #findOrMake(flight: Flight, call: ReadThroughCall): Promise<string> {
    const stored = await this.#store.get(call.redisKey);
    if (stored !== null) return stored;
    const made = await this.#make(flight, call);
    const { ttl } = call.policy;
    if (ttl === 0 || flight.fenced) return made;
    return (await flight.write(() => this.#store.setIfAbsentOrGet(call.redisKey, made, ttl))) ?? made;
  }

  /** Puts a value in the place of a text that cannot be read. What somebody else put there meanwhile stays. */
  async #replace(flight: Flight, call: ReadThroughCall, unreadable: string): Promise<string> {
    const made = await this.#make(flight, call);
    const { ttl } = call.policy;
    if (ttl === 0 || flight.fenced) return made;
    const written = await flight.write(() => this.#store.compareAndSet(call.redisKey, unreadable, made, ttl));
    return written.outcome === 'changed' && this.#canRead(written.current) ? written.current : made;
  }

  async #make(flight: Flight, { key, factory, policy }: ReadThroughCall): Promise<string> {
    const value = await runFactory(factory, flight, policy.factoryTimeoutMs);
    if (value === undefined)
      throw new TypeError(
        `getOrSet: the factory for ${JSON.stringify(key)} returned undefined; return null to store that there is nothing`,
      );
    return dump(this.serializer, value);
  }

  #canRead(text: string): boolean {
    try {
      this.serializer.loads(text);
      return true;
    } catch {
      return false;
    }
  }

  #warnOf(key: string, error: SerializationError): void {
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= MOST_WARNED_KEYS) this.#warned.clear();
    this.#warned.add(key);
    cacheLogger.warn(`${error.message}; getOrSet makes the entry anew`);
  }
}
