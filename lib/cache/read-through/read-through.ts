import type { Clock } from '../../common/clock.js';
import { ignore } from '../../common/ignore.js';
import { SerializationError } from '../../errors/serialization.error.js';
import type { Serializer } from '../../serializer/serializer.js';
import { checkFunction } from '../call-options.js';
import { load } from '../loading.js';
import type { CacheObserver } from '../observing/cache-observer.js';
import { HIT, JOINED, type Reading, type ReadReport } from '../observing/reading.js';
import type { Found, StoredEntries } from '../stored/stored-entries.js';
import { Batch, type Loader } from './batch.js';
import { LookUp } from './look-up.js';
import { isUnavailable, type Outage, Outages } from './outages.js';
import { Publisher } from './publisher.js';
import type { EntryCall, ReadThroughCall } from './read-through-call.js';
import { Search } from './search.js';
import type { Answer, Flight, SingleFlight } from './single-flight.js';
import { UnreadableEntries } from './unreadable-entries.js';
import { waitFor } from './waiting.js';

/** The facts about an entry that is one of many. */
type Known =
  | { readonly state: 'stands'; readonly text: string }
  | { readonly state: 'missing' }
  /** It was not asked for, since a flight for it was in progress. */
  | { readonly state: 'unread' }
  /** Redis is unavailable, and the call does without. */
  | { readonly state: 'unavailable'; readonly error: unknown };

/** The value of an entry that is one of many, and its reading; without `value`, there is none. */
interface Obtained {
  readonly key: string;
  readonly value?: unknown;
  readonly reading: Reading;
}

type Work = (flight: Flight) => Promise<Answer>;

/** Carries out `getOrSet`: reads an entry, and makes it if there is none. */
export class ReadThrough {
  readonly #lookUp: LookUp;
  readonly #search: Search;
  readonly #unreadable = new UnreadableEntries();

  constructor(
    entries: StoredEntries,
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
    clock: Clock,
    private readonly observer: CacheObserver,
  ) {
    const outages = new Outages();
    const publisher = new Publisher(entries, serializer, flights, outages);
    this.#lookUp = new LookUp(entries, flights, outages);
    this.#search = new Search(serializer, flights, this.#lookUp, publisher, observer, clock);
  }

  /** @throws what the factory throws; TypeError, CacheFactoryTimeoutError, CacheFactoryCycleError */
  value(call: ReadThroughCall): Promise<unknown> {
    return this.observer.read('getOrSet', call.key, (report) => this.#value(call, report));
  }

  async #value(call: ReadThroughCall, report: ReadReport): Promise<unknown> {
    try {
      checkFunction(call.factory, 'factory');
      const search = async (flight: Flight): Promise<Answer> =>
        this.#search.answer(flight, call, await this.#lookUp.look(flight, call));
      let answer = await this.#ask(call, search, hasText);
      let value: unknown;
      try {
        value = load(this.serializer, call.key, answer.text);
      } catch (error) {
        this.#warnOrThrow(call, error);
        answer = await this.#replaced(call, answer.text);
        value = load(this.serializer, call.key, answer.text);
      }
      report.read(answer.reading);
      return value;
    } catch (error) {
      report.failed();
      throw error;
    }
  }

  #replaced(call: ReadThroughCall, unreadable: string): Promise<MadeAnswer> {
    const replace = async (flight: Flight): Promise<Answer> => {
      await this.#lookUp.prepare(flight, call);
      return await this.#search.replace(flight, call, unreadable);
    };
    return this.#ask(
      call,
      replace,
      (answer): answer is MadeAnswer => hasText(answer) && !isFoundAgain(answer, unreadable),
    );
  }

  /**
   * The values of many entries. Those that are missing, and of which no run is in progress, are loaded by one call.
   *
   * @throws what the loader throws; TypeError
   */
  values(calls: readonly EntryCall[], loader: Loader): Promise<Map<string, unknown>> {
    const keys = calls.map(({ key }) => key);
    return this.observer.read('getOrSetMany', keys, async (report) => {
      try {
        const obtained = await this.#values(calls, loader);
        // of a call that fails, no key counts
        for (const { reading } of obtained) report.read(reading);
        return new Map(obtained.filter((one) => 'value' in one).map(({ key, value }) => [key, value]));
      } catch (error) {
        report.failed();
        throw error;
      }
    });
  }

  async #values(calls: readonly EntryCall[], loader: Loader): Promise<Obtained[]> {
    const batch = new Batch(loader);
    batch.expect();
    const isInFlight = ({ redisKey }: EntryCall): boolean => this.flights.isInFlight(redisKey);
    const [joined, asked] = [calls.filter(isInFlight), calls.filter((call) => !isInFlight(call))];
    let searches = joined.map((call) => this.#oneOf(batch, call, { state: 'unread' }));
    // these are awaited below; until then a failure must not count as unhandled
    for (const search of searches) search.catch(ignore);
    try {
      const outage: Outage = {};
      const texts = await this.#lookUp.texts(asked, outage);
      const found = asked.map((_, i) => foundAs(texts, i, outage));
      searches = searches.concat(
        asked.map((call, i) => this.#oneOf(batch, call, found[i] ?? { state: 'unread' })),
      );
    } finally {
      batch.decided();
    }
    const of = new Map((await Promise.all(searches)).map((one) => [one.key, one]));
    return calls.flatMap(({ key }) => of.get(key) ?? []);
  }

  async #oneOf(batch: Batch, call: EntryCall, begin: Known): Promise<Obtained> {
    const { key } = call;
    let found = begin;
    let reading: Reading = HIT;
    let isReplaced = false;
    for (;;) {
      if (found.state === 'stands')
        try {
          return { key, value: load(this.serializer, key, found.text), reading };
        } catch (error) {
          // the next one would not be readable either
          if (isReplaced) throw error;
          this.#warnOrThrow(call, error);
        }
      const before = found;
      const search = (flight: Flight): Promise<Answer> =>
        this.#searchInBatch(flight, batch.expect(), call, before);
      const suits = (given: Answer): given is Answer =>
        before.state !== 'stands' || !isFoundAgain(given, before.text);
      const answer = await this.#ask(call, search, suits);
      ({ reading } = answer);
      if (answer.text === undefined) return { key, reading };
      isReplaced = before.state === 'stands';
      found = { state: 'stands', text: answer.text };
    }
  }

  async #searchInBatch(flight: Flight, batch: Batch, entry: EntryCall, found: Known): Promise<Answer> {
    const { pace } = batch;
    const call = { ...entry, factory: () => batch.valueFor(entry.key), pace };
    let answer: Promise<Answer>;
    try {
      if (found.state === 'stands') await this.#lookUp.prepare(flight, call);
      answer =
        found.state === 'stands'
          ? this.#search.replace(flight, call, found.text)
          : this.#search.answer(flight, call, await pace.run(async () => this.#lookAt(flight, call, found)));
    } finally {
      batch.decided();
    }
    return await answer;
  }

  #lookAt(flight: Flight, call: ReadThroughCall, found: Known): Promise<Found | undefined> | undefined {
    if (found.state === 'missing') return this.#lookUp.lookAfterMiss(flight, call);
    if (found.state === 'unread') return this.#lookUp.look(flight, call);
    if (found.state === 'unavailable') flight.storeFailure = found.error;
    return undefined;
  }

  /**
   * Asks until an answer is good for this call too: one that is stale or has tags has to be found so after the call began,
   * and of a run the tags must not have been invalidated before.
   *
   * @param suits what else the call needs of it
   */
  async #ask<A extends Answer>(
    call: EntryCall,
    work: Work,
    suits: (answer: Answer) => answer is A,
  ): Promise<A> {
    for (;;) {
      const { flight, looks, isJoined, isLate } = this.flights.board(call.redisKey, work, call.key);
      if (isLate && !(await this.#lookUp.isCurrent(flight))) {
        await this.flights.leave(call.redisKey, flight);
        continue;
      }
      try {
        const answer = await waitFor(flight, flight.answer);
        if ((answer.asOf ?? Infinity) > looks && suits(answer)) {
          call.onAnswer?.({ outcome: answer.reading.outcome, isStored: flight.isStored });
          return isJoined ? asJoined(answer) : answer;
        }
      } catch (error) {
        // the call that began this flight may not have asked for a value in an outage
        const computes = call.policy.readThrough.whenUnavailable === 'compute' && isUnavailable(error);
        if (!computes || flight.storeFailure !== error) throw error;
      }
    }
  }

  #warnOrThrow({ key }: EntryCall, error: unknown): void {
    if (!(error instanceof SerializationError)) throw error;
    this.#unreadable.warnOf(key, error);
  }
}

type MadeAnswer = Answer & { readonly text: string };

/** The flight of a `getOrSetMany` that was joined may find that there is no value: then the factory of a call for one is asked. */
const hasText = (answer: Answer): answer is MadeAnswer => answer.text !== undefined;

const isFound = ({ reading }: Answer): boolean => reading.outcome === 'hit' || reading.outcome === 'stale';

/** A text that is to be replaced may come again, from a look-up that was in progress. */
const isFoundAgain = (answer: Answer, unreadable: string): boolean =>
  answer.text === unreadable && isFound(answer);

/** An answer to those who have not begun its flight: what Redis had is the same to all, what was made is not. */
const asJoined = <A extends Answer>(answer: A): A =>
  isFound(answer) ? answer : { ...answer, reading: JOINED };

const foundAs = (
  texts: readonly (string | null)[] | undefined,
  i: number,
  { storeFailure }: Outage,
): Known => {
  if (texts === undefined) return { state: 'unavailable', error: storeFailure };
  const text = texts[i] ?? null;
  return text === null ? { state: 'missing' } : { state: 'stands', text };
};
