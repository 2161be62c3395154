import type { Serializer } from '../../serializer/serializer.js';
import type { KeptOutcome, Over } from '../../store/kept-entry.js';
import { dump } from '../entries.js';
import type { Lease } from '../lease.js';
import { refusedValue } from '../refused-value.js';
import type { StoredEntries } from '../stored/stored-entries.js';
import { errorName } from '../../common/error-name.js';
import { lifeOf, type Tokens } from '../tags/tags.js';
import { ABSENT } from './batch.js';
import { runFactory, type Stale } from './factory-run.js';
import type { Policy } from './get-or-set-options.js';
import { isUnavailable, type Outages } from './outages.js';
import type { ReadThroughCall } from './read-through-call.js';
import { ignore } from '../../common/ignore.js';
import type { Flight, SingleFlight } from './single-flight.js';

/** The place in which the result of a run is stored. */
export interface Target {
  /** The state in which it is. */
  readonly over: Over;
  /** The lease that the run holds, and must still hold when it stores. */
  readonly lease?: Lease | undefined;
}

/** A text that a factory has made. */
interface MadeText {
  /** `undefined`: there is none. */
  readonly text: string | undefined;
  /** 0: it is not stored. */
  readonly ttl: number | null;
  /** True if it is the stale text, which is not sent again. */
  readonly isKept: boolean;
  /** Those that are known from the value only. */
  readonly tags?: readonly string[] | undefined;
}

/** Runs factories, and stores what they make. */
export class Publisher {
  constructor(
    private readonly entries: StoredEntries,
    private readonly serializer: Serializer,
    private readonly flights: SingleFlight,
    private readonly outages: Outages,
  ) {}

  /**
   * The text of what the factory has made, or of what another has stored meanwhile.
   *
   * @param target how it is stored; without one it is not
   * @param stale what it takes the place of
   */
  async make(
    flight: Flight,
    call: ReadThroughCall,
    target?: Target,
    stale?: Stale,
  ): Promise<string | undefined> {
    const lease = target?.lease;
    if (lease === undefined) return await this.#makeAndStore(flight, call, target, stale);
    try {
      return await lease.whileHeld(
        () => this.#makeAndStore(flight, call, target, stale),
        () => this.flights.abandon(call.redisKey, flight),
      );
    } finally {
      // nobody is to wait for that; the lease ends by itself, too
      void lease.release().catch(ignore);
    }
  }

  async #makeAndStore(
    flight: Flight,
    call: ReadThroughCall,
    target: Target | undefined,
    stale: Stale | undefined,
  ): Promise<string | undefined> {
    const begun = performance.now();
    const made = await this.#made(flight, call, stale);
    const factoryDuration = performance.now() - begun;
    const { text } = made;
    flight.made = { outcome: 'miss', factoryDuration };
    if (target === undefined && flight.storeFailure !== undefined)
      flight.made = { outcome: 'computed', factoryDuration, error: errorName(flight.storeFailure) };
    if (text === undefined || target === undefined || made.ttl === 0) return text;
    try {
      const tokens = await this.#tokensFor(flight, call.policy, made);
      const isPublished = tokens !== 'invalidated' && !flight.fenced;
      const current = isPublished
        ? await this.#publish(flight, call, { ...made, text, tokens }, target)
        : null;
      flight.isStored = current === undefined;
      if (current === undefined) return text;
      flight.made = { outcome: 'fenced', factoryDuration };
      return current ?? text;
    } catch (error) {
      flight.storeFailure = error;
      if (call.policy.readThrough.whenUnavailable !== 'compute' || !isUnavailable(error)) throw error;
      this.outages.report('writing', error);
      flight.made = { outcome: 'computed', factoryDuration, error: errorName(error) };
      return text;
    }
  }

  async #made(flight: Flight, call: ReadThroughCall, stale: Stale | undefined): Promise<MadeText> {
    const { key, factory, policy } = call;
    const made = await runFactory(factory, flight, policy.readThrough.factoryTimeout, stale);
    if (made.kind === 'kept' && stale !== undefined)
      return { text: stale.text, isKept: true, ...storedAs(policy, stale.value) };
    let value = made.kind === 'value' ? made.value : undefined;
    if (value === ABSENT && policy.readThrough.nullTimeout !== undefined) value = null;
    if (value === ABSENT) return { text: undefined, ttl: 0, isKept: false };
    if (value === undefined)
      throw refusedValue(
        key,
        `getOrSet: the factory for ${JSON.stringify(key)} returned undefined; return null to store that there is nothing`,
      );
    const isStored = made.kind === 'value' && made.isStored;
    const text = dump(this.serializer, key, value);
    return { text, isKept: false, ...(isStored ? storedAs(policy, value) : { ttl: 0 }) };
  }

  /**
   * The tokens that the entry is tied to. Tags that are known only now are taken after the value was made: it is stored
   * only if no tag was invalidated meanwhile.
   */
  async #tokensFor(
    { tokens }: Flight,
    policy: Policy,
    { tags: made, ttl }: MadeText,
  ): Promise<Tokens | 'invalidated' | undefined> {
    const { tags } = this.entries;
    const before = await tokens;
    if (tags === undefined || before === undefined) return undefined;
    const life = lifeOf(ttl, policy.companion);
    if (made === undefined) {
      if (policy.hasOwnTimeouts) await tags.take([...before.keys()], life);
      return before;
    }
    const taken = await tags.take(tags.keysOf(made), life);
    return (await tags.stand(before)) ? taken : 'invalidated';
  }

  /** @returns the text that stands there instead, `null` where none does or it cannot be read, `undefined` where it was stored */
  async #publish(
    flight: Flight,
    { redisKey, policy, pace }: ReadThroughCall,
    { text, ttl, isKept, tokens }: MadeText & { readonly text: string; readonly tokens: Tokens | undefined },
    { over, lease }: Target,
  ): Promise<string | null | undefined> {
    const run = lease === undefined ? {} : { run: lease.token };
    const write = { value: isKept ? null : text, ttl, grace: policy.companion, over, ...run };
    const publish = (): Promise<KeptOutcome> => this.entries.publish(redisKey, write, tokens);
    const written = await flight.write(() => (pace === undefined ? publish() : pace.run(publish)));
    lease?.hasEnded();
    this.outages.ended('writing');
    if (written.outcome === 'stored') return undefined;
    return written.outcome === 'stands' && this.#canRead(written.current) ? written.current : null;
  }

  #canRead(text: string): boolean {
    try {
      this.serializer.loads(text);
      return true;
    } catch {
      return false;
    }
  }
}

/** The timeout and the tags that a value is stored with. A function of the call that throws fails as the factory does. */
const storedAs = (policy: Policy, value: unknown): Pick<MadeText, 'ttl' | 'tags'> => {
  const ttl = policy.ttlOf(value);
  return ttl !== 0 && typeof policy.tags === 'function' ? { ttl, tags: policy.tags(value) } : { ttl };
};
