import type { Clock } from '../../common/clock.js';
import { SerializationError } from '../../errors/serialization.error.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { Look, Over } from '../../store/kept-entry.js';
import { load } from '../loading.js';
import type { StoredEntries } from '../stored/stored-entries.js';
import { Events } from './events.js';
import type { Stale } from './factory-run.js';
import { firstOf } from './first-of.js';
import { isUnavailable, Outages } from './outages.js';
import { PostponedRuns } from './postponed-runs.js';
import { Publisher } from './publisher.js';
import type { ReadThroughCall } from './read-through-call.js';
import type { Answer, Flight, SingleFlight } from './single-flight.js';
import { UnreadableEntries } from './unreadable-entries.js';
import { waitAs, waitFor } from './waiting.js';

/** A value to be served while a new one cannot be had. */
interface StaleValue extends Stale {
  readonly nonce: string;
}

/** What `getOrSet` does: reads an entry, and makes it where there is none. */
export class ReadThrough {
  readonly #publisher: Publisher;
  readonly #outages = new Outages();
  readonly #postponed: PostponedRuns;
  readonly #unreadable = new UnreadableEntries();
  readonly #events: Events;

  constructor(
    private readonly entries: StoredEntries,
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
    clock: Clock,
    cacheName: string,
  ) {
    this.#events = new Events(cacheName);
    this.#publisher = new Publisher(entries, serializer, this.#outages, this.#events);
    this.#postponed = new PostponedRuns(clock);
  }

  /** @throws what the factory throws; TypeError, CacheFactoryTimeoutError, CacheFactoryCycleError */
  async value(call: ReadThroughCall): Promise<unknown> {
    const text = await this.#ask(call, (flight) => this.#answer(flight, call));
    try {
      return load(this.serializer, call.key, text);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      this.#unreadable.warnOf(call.key, error);
      return load(this.serializer, call.key, await this.#replaced(call, text));
    }
  }

  /** The text that takes the place of one which cannot be read. */
  #replaced(call: ReadThroughCall, unreadable: string): Promise<string> {
    return this.#ask(call, async (flight) => ({
      text: await flight.begin(this.#make(flight, call, { kind: 'standing', text: unreadable })),
    }));
  }

  /** Asks until an answer is good for this call too: one that is stale has to be found so after the call began. */
  async #ask(call: ReadThroughCall, work: (flight: Flight) => Promise<Answer>): Promise<string> {
    for (;;) {
      const { flight, looks } = this.flights.board(call.redisKey, work, call.key);
      try {
        const { text, staleSince = Infinity } = await waitFor(flight, flight.answer);
        if (text !== undefined && staleSince > looks) return text;
      } catch (error) {
        // the call that began this flight may not have asked for a value in an outage
        const computes = call.policy.readThrough.whenUnavailable === 'compute' && isUnavailable(error);
        if (!computes || flight.storeFailure !== error) throw error;
      }
    }
  }

  async #answer(flight: Flight, call: ReadThroughCall): Promise<Answer> {
    const look = await this.#look(flight, call);
    if (look === undefined) return { text: await flight.begin(this.#make(flight, call)) };
    if (look.state === 'stands') {
      if (look.isDue) this.#refreshAhead(call, look);
      return { text: look.text };
    }
    const stale = this.#staleValue(look);
    if (stale !== undefined && this.#postponed.has(stale.nonce)) {
      this.#events.servedStale('postponed');
      return { text: stale.text, staleSince: flight.looks };
    }
    const over: Over = look.state === 'stale' ? { kind: 'stale', nonce: look.nonce } : { kind: 'nothing' };
    // one that goes on behind already is as good
    const runner = this.flights.behind(call.redisKey) ?? flight;
    const run = runner.run ?? flight.begin(this.#makeInPlaceOf(flight, call, over, stale));
    const result = runner === flight ? run : waitAs(flight, runner, run);
    return stale === undefined
      ? { text: await result }
      : await this.#answerInTime(flight, call, runner, result);
  }

  /** The value that is made, or, where that takes too long or fails, the stale one, if it may still be served. */
  async #answerInTime(
    flight: Flight,
    call: ReadThroughCall,
    runner: Flight,
    run: Promise<string | undefined>,
  ): Promise<Answer> {
    const first = await firstOf(run, call.policy.readThrough.softTimeout);
    if (first.outcome === 'made') return { text: first.text };
    if (first.outcome === 'failed' && first.error === runner.storeFailure) throw first.error;
    const again = await this.#lookAgain(flight, call);
    if (again.state === 'stands') return { text: again.text };
    const served = this.#staleValue(again);
    if (served === undefined) return { text: await run };
    this.#events.servedStale(first.outcome, first.error);
    return { text: served.text, staleSince: flight.looks };
  }

  #refreshAhead(call: ReadThroughCall, { text, nonce }: Extract<Look, { state: 'stands' }>): void {
    const { redisKey, key } = call;
    if (this.flights.behind(redisKey) !== undefined || this.#postponed.has(nonce || redisKey)) return;
    const value = this.#read(text);
    if (value === undefined) return;
    this.flights.beginBehind(redisKey, key, async (flight) => {
      const over: Over = { kind: 'standing', text, nonce };
      try {
        return await this.#makeInPlaceOf(flight, call, over, { ...value, nonce: nonce || redisKey });
      } catch (error) {
        this.#events.failedBehind(error);
        throw error;
      }
    });
  }

  /** After a failure the factory is left alone for a while, since there is a value to serve. */
  async #makeInPlaceOf(
    flight: Flight,
    call: ReadThroughCall,
    over: Over,
    stale: StaleValue | undefined,
  ): Promise<string | undefined> {
    try {
      return await this.#make(flight, call, over, stale);
    } catch (error) {
      if (stale !== undefined && error !== flight.storeFailure)
        this.#postponed.postpone(stale.nonce, call.policy.readThrough.retryAfter);
      throw error;
    }
  }

  #make(flight: Flight, call: ReadThroughCall, over?: Over, stale?: Stale): Promise<string> {
    return this.#publisher.make(flight, call, over, stale);
  }

  /** @returns `undefined` where Redis is unavailable and the call does without */
  async #look(flight: Flight, { redisKey, policy }: ReadThroughCall): Promise<Look | undefined> {
    flight.looks += 1;
    try {
      const look = await this.entries.look(redisKey, policy.look);
      this.#outages.ended('reading');
      return look;
    } catch (error) {
      flight.storeFailure = error;
      if (policy.readThrough.whenUnavailable !== 'compute' || !isUnavailable(error)) throw error;
      this.#outages.report('reading', error);
      return undefined;
    }
  }

  /** A value that cannot be looked at again is not served. */
  async #lookAgain(flight: Flight, { redisKey, policy }: ReadThroughCall): Promise<Look> {
    flight.looks += 1;
    try {
      return await this.entries.lookAgain(redisKey, policy.look);
    } catch {
      return { state: 'missing' };
    }
  }

  #staleValue(look: Look): StaleValue | undefined {
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
