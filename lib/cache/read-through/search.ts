import type { Clock } from '../../common/clock.js';
import { ignore } from '../../common/ignore.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { LookOptions, Over } from '../../store/kept-entry.js';
import type { Found, StoredEntries, Vacancy } from '../stored/stored-entries.js';
import type { Tokens } from '../tags/tags.js';
import { errorName } from '../../common/error-name.js';
import type { CacheObserver } from '../observing/cache-observer.js';
import { HIT, JOINED, type Reading, WAITED } from '../observing/reading.js';
import type { Stale } from './factory-run.js';
import { firstOf } from './first-of.js';
import { type Outage, Outages } from './outages.js';
import { PostponedRuns } from './postponed-runs.js';
import { Publisher, type Target } from './publisher.js';
import type { EntryCall, ReadThroughCall } from './read-through-call.js';
import type { Answer, Flight, SingleFlight } from './single-flight.js';
import { holds, isTaken, type Turn, waitForTurn } from './turns.js';
import { waitAs } from './waiting.js';

/** A value to serve when a new one is not available. */
interface StaleValue extends Stale {
  readonly nonce: string;
}

/** Finds the text of an entry, or makes it, on behalf of everybody on a flight. */
export class Search {
  readonly #publisher: Publisher;
  readonly #outages = new Outages();
  readonly #postponed: PostponedRuns;

  constructor(
    private readonly entries: StoredEntries,
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
    clock: Clock,
    private readonly observer: CacheObserver,
  ) {
    this.#publisher = new Publisher(entries, serializer, flights, this.#outages);
    this.#postponed = new PostponedRuns(clock);
  }

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
    return (await this.#outages.without(call, flight, () => taking)) !== undefined;
  }

  /** Whether no tag was invalidated that the run of a flight is tied to. Nobody joins a flight of which that is not known. */
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
    return this.#outages.without(first, outage, () =>
      this.entries.textsOf(
        calls.map(({ redisKey }) => redisKey),
        this.#tagKeys(first),
      ),
    );
  }

  /** The answer for the callers after a look-up. */
  async answer(flight: Flight, call: ReadThroughCall, look: Found | undefined): Promise<Answer> {
    if (look === undefined) return await madeBy(flight, flight.begin(this.#publisher.make(flight, call)));
    if (look.state === 'stands') {
      if (look.isDue) this.#refreshAhead(call, look);
      const answer = { text: look.text, reading: HIT };
      return look.tokens === undefined ? answer : { ...answer, asOf: flight.looks };
    }
    const stale = this.#staleValue(look);
    if (stale !== undefined && this.#postponed.has(stale.nonce)) {
      if (holds(flight, look)) void flight.lease?.release().catch(ignore);
      return { text: stale.text, asOf: flight.looks, reading: POSTPONED };
    }
    const behind = this.flights.behind(call.redisKey);
    const runner = behind !== undefined && joins(flight, behind, look) ? behind : flight;
    const run = runner.run ?? flight.begin(this.#inTurn(flight, call, look));
    const result = runner === flight ? run : this.#joined(flight, runner, run);
    return stale === undefined
      ? await madeBy(flight, result)
      : await this.#answerInTime(flight, call, result);
  }

  /** What a look asks for; in a cache with shared flights also the lease. */
  #claiming(flight: Flight, { redisKey, policy }: EntryCall): LookOptions {
    flight.lease ??= this.entries.lease(redisKey, policy.readThrough.lease);
    return { ...policy.look, claim: flight.lease };
  }

  /** What the factory makes, or that of another process which was first. */
  async #inTurn(flight: Flight, call: ReadThroughCall, found: Vacancy): Promise<string | undefined> {
    const turn: Turn = isTaken(flight, found)
      ? await waitForTurn(flight, call, found, () => this.lookAfterMiss(flight, call))
      : { kind: 'own', found };
    if (turn.kind === 'made') {
      flight.made = WAITED;
      if (turn.isTagged) flight.foundAt = flight.looks;
      return turn.text;
    }
    // one that need not wait for anything asks its batch at once
    if (call.policy.tags !== undefined && flight.tokens === undefined) await this.prepare(flight, call);
    const stale = turn.found && this.#staleValue(turn.found);
    const target = turn.kind === 'own' ? { over: overOf(turn.found), lease: flight.lease } : undefined;
    return await this.#makeInPlaceOf(flight, call, target, stale);
  }

  /** What a run makes that another flight has begun. */
  async #joined(
    flight: Flight,
    runner: Flight,
    run: Promise<string | undefined>,
  ): Promise<string | undefined> {
    flight.made = JOINED;
    try {
      return await waitAs(flight, runner, run);
    } catch (error) {
      flight.storeFailure = runner.storeFailure;
      throw error;
    }
  }

  /** What was found. Where a run is to follow, one that continues in the background is joined only if it is as good. */
  async #found(
    flight: Flight,
    call: ReadThroughCall,
    look: () => Promise<Found>,
  ): Promise<Found | undefined> {
    const found = await this.#outages.without(call, flight, look);
    if (this.entries.tags === undefined || found === undefined || found.state === 'stands') return found;
    const runner = this.flights.behind(call.redisKey);
    if (runner !== undefined && runner !== flight && joins(flight, runner, found)) {
      flight.tokens = runner.tokens;
      // what it waits for may have been found before this flight began
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

  /** The value that takes the place of a text which cannot be read. To be prepared. */
  async replace(flight: Flight, call: ReadThroughCall, text: string): Promise<Answer> {
    const target = { over: { kind: 'standing', text } } as const;
    return await madeBy(flight, flight.begin(this.#publisher.make(flight, call, target)));
  }

  /** The value that is made, or, where that takes too long or fails, the stale one, if it may still be served. */
  async #answerInTime(
    flight: Flight,
    call: ReadThroughCall,
    run: Promise<string | undefined>,
  ): Promise<Answer> {
    const first = await firstOf(run, call.policy.readThrough.softTimeout);
    if (first.outcome === 'made') return { text: first.text, reading: flight.made };
    if (first.outcome === 'failed' && first.error === flight.storeFailure) throw first.error;
    // a call that joins after the run has landed would get an older value; like a look-up, that is counted
    const landing = run.then(() => (flight.looks += 1));
    landing.catch(ignore);
    const looking = this.#lookAgain(flight, call);
    const look = flight.looks;
    const again = await looking;
    if (again.state === 'stands') return { text: again.text, reading: HIT };
    const served = this.#staleValue(again);
    if (served === undefined) {
      const { asOf = Infinity, ...answer } = await madeBy(flight, run);
      return { ...answer, asOf: Math.min(asOf, await landing) };
    }
    if (first.outcome === 'slow' && flight.isRunning)
      flight.surroundings = this.observer.leaveBehind(call.key, run, flight);
    const reading: Reading =
      first.outcome === 'slow' ? SLOW : { outcome: 'stale', reason: 'failed', error: errorName(first.error) };
    return { text: served.text, asOf: look, reading };
  }

  #refreshAhead(call: ReadThroughCall, { text, nonce }: Extract<Found, { state: 'stands' }>): void {
    const { redisKey, key } = call;
    if (this.flights.behind(redisKey) !== undefined || this.#postponed.has(nonce || redisKey)) return;
    const value = this.#read(text);
    if (value === undefined) return;
    const over: Over = { kind: 'standing', text, nonce };
    const stale = { ...value, nonce: nonce || redisKey };
    this.flights.beginBehind(redisKey, key, (flight) =>
      this.observer.refresh(key, () => this.#refresh(flight, call, over, stale), flight),
    );
  }

  /** In a cache with shared flights one process in all does it. */
  async #refresh(
    flight: Flight,
    call: ReadThroughCall,
    over: Over,
    stale: StaleValue,
  ): Promise<string | undefined> {
    await this.prepare(flight, call);
    const lease = this.entries.lease(call.redisKey, call.policy.readThrough.lease);
    if (lease !== undefined && !(await lease.take())) {
      flight.made = WAITED;
      return undefined;
    }
    flight.lease = lease;
    return await this.#makeInPlaceOf(flight, call, { over, lease }, stale);
  }

  /** After a failure the factory is left alone for a while, since there is a value to serve. */
  async #makeInPlaceOf(
    flight: Flight,
    call: ReadThroughCall,
    target: Target | undefined,
    stale: StaleValue | undefined,
  ): Promise<string | undefined> {
    try {
      return await this.#publisher.make(flight, call, target, stale);
    } catch (error) {
      if (stale !== undefined && error !== flight.storeFailure)
        this.#postponed.postpone(stale.nonce, call.policy.readThrough.retryAfter);
      throw error;
    }
  }

  /** A value that cannot be looked at again is not served. */
  async #lookAgain(flight: Flight, call: ReadThroughCall): Promise<Found> {
    const { redisKey, policy } = call;
    flight.looks += 1;
    try {
      return await this.entries.lookAgain(redisKey, policy.look, this.#tagKeys(call));
    } catch {
      return { state: 'missing' };
    }
  }

  #staleValue(look: Found): StaleValue | undefined {
    if (look.state !== 'stale' || look.text === null) return undefined;
    const read = this.#read(look.text);
    return read === undefined ? undefined : { ...read, nonce: look.nonce };
  }

  #read(text: string): Stale | undefined {
    try {
      return { text, value: this.serializer.loads(text) };
    } catch {
      return undefined;
    }
  }
}

const POSTPONED: Reading = { outcome: 'stale', reason: 'postponed' };
const SLOW: Reading = { outcome: 'stale', reason: 'slow' };

/** The state in which the value that a run makes is stored. */
const overOf = (found: Vacancy): Over => {
  switch (found.state) {
    case 'stale':
      return { kind: 'stale', nonce: found.nonce };
    case 'dead':
      return { kind: 'dead', tokens: found.tokens };
    case 'missing':
      return { kind: 'nothing' };
  }
};

/** Whether a flight is answered by a run that continues in the background. */
const joins = (flight: Flight, runner: Flight, found: Vacancy): boolean =>
  !holds(flight, found) && runner.isAsGoodAs(found.holder);

/** The answer of a flight whose value a run makes. */
const madeBy = async (flight: Flight, run: Promise<string | undefined>): Promise<Answer> => {
  const text = await run;
  const { made: reading, foundAt } = flight;
  return foundAt === undefined ? { text, reading } : { text, reading, asOf: foundAt };
};
