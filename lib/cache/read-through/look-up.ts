import type { LookOptions } from '../../store/kept-entry.js';
import type { Found, StoredEntries } from '../stored/stored-entries.js';
import type { Tokens } from '../tags/tags.js';
import type { Outage, Outages } from './outages.js';
import type { EntryCall, ReadThroughCall } from './read-through-call.js';
import type { Flight, SingleFlight } from './single-flight.js';
import { isTaken, joins } from './turns.js';

/** Looks for entries in Redis, and takes what a run needs before it begins: its tokens, and the lease. */
export class LookUp {
  constructor(
    private readonly entries: StoredEntries,
    private readonly flights: SingleFlight,
    private readonly outages: Outages,
  ) {}

  /** @returns `undefined` where Redis is unavailable and the call does without */
  async look(flight: Flight, call: ReadThroughCall): Promise<Found | undefined> {
    // all calls of this turn of the event loop share one look-up of the tags
    if (this.entries.tags !== undefined) await Promise.resolve();
    flight.looks += 1;
    const options = this.#claiming(flight, call);
    return await this.#found(flight, call, () =>
      this.entries.look(call.redisKey, options, this.#tagKeys(call)),
    );
  }

  /** As `look`, of an entry that was just found missing. */
  lookAfterMiss(flight: Flight, call: ReadThroughCall): Promise<Found | undefined> {
    flight.looks += 1;
    const options = this.#claiming(flight, call);
    return this.#found(flight, call, () =>
      this.entries.lookAgain(call.redisKey, options, this.#tagKeys(call)),
    );
  }

  /** A value that cannot be looked at again is not served. */
  async lookAgain(flight: Flight, call: ReadThroughCall): Promise<Found> {
    const { redisKey, policy } = call;
    flight.looks += 1;
    try {
      return await this.entries.lookAgain(redisKey, policy.look, this.#tagKeys(call));
    } catch {
      return { state: 'missing' };
    }
  }

  /**
   * To be awaited before a run: an invalidation that comes later makes its result invalid.
   *
   * @returns whether tokens could be taken
   */
  async prepare(flight: Flight, call: ReadThroughCall): Promise<boolean> {
    const { tags } = this.entries;
    if (tags === undefined || call.policy.tags === undefined) return true;
    const keys = typeof call.policy.tags === 'function' ? [tags.epoch] : this.#tagKeys(call);
    if (keys.length === 0) return true;
    const taking = tags.take(keys, call.policy.tokensLastMs);
    flight.tokens = taking;
    return (await this.outages.without(call, flight, () => taking)) !== undefined;
  }

  /**
   * True if no tag was invalidated that the run of a flight is tied to. Nobody joins a flight for which this is
   * unknown.
   */
  async isCurrent(flight: Flight): Promise<boolean> {
    let tokens: Tokens | undefined;
    try {
      tokens = await flight.tokens;
    } catch {
      // the calls that wait for the flight learn it
      return true;
    }
    try {
      return tokens === undefined || (await this.entries.tags?.stand(tokens)) !== false;
    } catch {
      return false;
    }
  }

  /** Many at once: of those that stand only their texts. */
  texts(calls: readonly EntryCall[], outage: Outage): Promise<(string | null)[] | undefined> {
    const [first] = calls;
    if (first === undefined) return Promise.resolve([]);
    return this.outages.without(first, outage, () =>
      this.entries.textsOf(
        calls.map(({ redisKey }) => redisKey),
        this.#tagKeys(first),
      ),
    );
  }

  /**
   * Asks for the lease of a run that nobody waits for.
   *
   * @returns whether this process is to make the value
   */
  async claim(flight: Flight, { redisKey, policy }: EntryCall): Promise<boolean> {
    const lease = this.entries.lease(redisKey, policy.readThrough.lease);
    if (lease !== undefined && !(await lease.take())) return false;
    flight.lease = lease;
    return true;
  }

  /** The options of a look-up; in a cache with shared flights it also asks for the lease. */
  #claiming(flight: Flight, { redisKey, policy }: EntryCall): LookOptions {
    flight.lease ??= this.entries.lease(redisKey, policy.readThrough.lease);
    return { ...policy.look, claim: flight.lease };
  }

  /**
   * Looks, and prepares a run if one is to follow. One that continues in the background is joined only if it is as
   * good.
   */
  async #found(
    flight: Flight,
    call: ReadThroughCall,
    look: () => Promise<Found>,
  ): Promise<Found | undefined> {
    const found = await this.outages.without(call, flight, look);
    if (this.entries.tags === undefined || found === undefined || found.state === 'stands') return found;
    const runner = this.flights.behind(call.redisKey);
    if (runner !== undefined && runner !== flight && joins(flight, runner, found)) {
      flight.tokens = runner.tokens;
      // the value that it waits for may have been found before this flight began
      if (!runner.isWaiting && (await this.isCurrent(runner))) return found;
      flight.tokens = undefined;
      await this.flights.leave(call.redisKey, runner);
    }
    // it is prepared when its turn has come
    if (isTaken(flight, found)) return found;
    return (await this.prepare(flight, call)) ? found : undefined;
  }

  #tagKeys({ policy }: EntryCall): readonly string[] {
    return Array.isArray(policy.tags) ? (this.entries.tags?.keysOf(policy.tags) ?? []) : [];
  }
}
