import type { Clock } from '../../common/clock.js';
import { ignore } from '../../common/ignore.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { Over } from '../../store/kept-entry.js';
import type { Found, Vacancy } from '../stored/stored-entries.js';
import { errorName } from '../../common/error-name.js';
import type { CacheObserver } from '../observing/cache-observer.js';
import { HIT, JOINED, type Reading, WAITED } from '../observing/reading.js';
import type { Stale } from './factory-run.js';
import { firstOf } from './first-of.js';
import type { LookUp } from './look-up.js';
import { PostponedRuns } from './postponed-runs.js';
import type { Publisher, Target } from './publisher.js';
import type { ReadThroughCall } from './read-through-call.js';
import type { Answer, Flight, SingleFlight } from './single-flight.js';
import { holds, isTaken, joins, type Turn, waitForTurn } from './turns.js';
import { waitAs } from './waiting.js';

/** A value to serve when a new one is not available. */
interface StaleValue extends Stale {
  readonly nonce: string;
}

/** Finds the text of an entry, or makes it, on behalf of everybody on a flight. */
export class Search {
  readonly #postponed: PostponedRuns;

  constructor(
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
    private readonly lookUp: LookUp,
    private readonly publisher: Publisher,
    private readonly observer: CacheObserver,
    clock: Clock,
  ) {
    this.#postponed = new PostponedRuns(clock);
  }

  /** The answer for the callers after a look-up. */
  async answer(flight: Flight, call: ReadThroughCall, look: Found | undefined): Promise<Answer> {
    if (look === undefined) return await madeBy(flight, flight.begin(this.publisher.make(flight, call)));
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

  /** Makes the value in turn with other processes, or takes the one of a process that was first. */
  async #inTurn(flight: Flight, call: ReadThroughCall, found: Vacancy): Promise<string | undefined> {
    const turn: Turn = isTaken(flight, found)
      ? await waitForTurn(flight, call, found, () => this.lookUp.lookAfterMiss(flight, call))
      : { kind: 'own', found };
    if (turn.kind === 'made') {
      flight.made = WAITED;
      if (turn.isTagged) flight.foundAt = flight.looks;
      return turn.text;
    }
    // one that need not wait for anything asks its batch at once
    if (call.policy.tags !== undefined && flight.tokens === undefined)
      await this.lookUp.prepare(flight, call);
    const stale = turn.found && this.#staleValue(turn.found);
    const target = turn.kind === 'own' ? { over: overOf(turn.found), lease: flight.lease } : undefined;
    return await this.#makeInPlaceOf(flight, call, target, stale);
  }

  /** Waits for a run that another flight has begun. */
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

  /** The value that takes the place of a text which cannot be read. To be prepared. */
  async replace(flight: Flight, call: ReadThroughCall, text: string): Promise<Answer> {
    const target = { over: { kind: 'standing', text } } as const;
    return await madeBy(flight, flight.begin(this.publisher.make(flight, call, target)));
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
    const looking = this.lookUp.lookAgain(flight, call);
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
    await this.lookUp.prepare(flight, call);
    if (!(await this.lookUp.claim(flight, call))) {
      flight.made = WAITED;
      return undefined;
    }
    return await this.#makeInPlaceOf(flight, call, { over, lease: flight.lease }, stale);
  }

  /** After a failure the factory is left alone for a while, since there is a value to serve. */
  async #makeInPlaceOf(
    flight: Flight,
    call: ReadThroughCall,
    target: Target | undefined,
    stale: StaleValue | undefined,
  ): Promise<string | undefined> {
    try {
      return await this.publisher.make(flight, call, target, stale);
    } catch (error) {
      if (stale !== undefined && error !== flight.storeFailure)
        this.#postponed.postpone(stale.nonce, call.policy.readThrough.retryAfter);
      throw error;
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
      return { kind: 'dead', tokens: found.tokens, text: found.text };
    case 'missing':
      return { kind: 'nothing' };
  }
};

/** The answer of a flight whose value a run makes. */
const madeBy = async (flight: Flight, run: Promise<string | undefined>): Promise<Answer> => {
  const text = await run;
  const { made: reading, foundAt } = flight;
  return foundAt === undefined ? { text, reading } : { text, reading, asOf: foundAt };
};
