import { setTimeout as pause } from 'node:timers/promises';
import { CacheService } from '../../../lib/cache/cache.service.js';
import type { FactoryContext } from '../../../lib/cache/read-through/factory-run.js';
import type { GetOrSetOptions } from '../../../lib/cache/read-through/get-or-set-options.js';
import { flightsOn, type SingleFlight } from '../../../lib/cache/read-through/single-flight.js';
import { settle } from '../../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../../lib/serializer/json-serializer.js';
import type { KeptOutcome, KeptWrite, Look } from '../../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import { Oracle, type Value, valueOf } from './oracle.js';
import { Wire } from './wire.js';

const KEY = 'k';
const ENTRY = `app:1:${KEY}`;
const TOKENS = `app:tokens:{${ENTRY}}`;
const TIMEOUT = 60;

/** Makes something wrong, to see that a history shows it. */
export interface Fault {
  readonly store?: (store: KeyValueStore) => KeyValueStore;
  readonly flights?: (flights: SingleFlight) => SingleFlight;
}

export interface HistoryOptions {
  readonly readThrough: ReadThroughOptions;
  readonly fault?: Fault;
  /** Moves the timers of this process; shared flights need them, to renew leases and to wait. */
  readonly timers?: ((ms: number) => void) | undefined;
  /** Whether the cache has tags. Each value then carries none, one or two. */
  readonly tags?: boolean;
  readonly processes?: number;
}

type Step = () => Promise<void>;

/** What one process has in hand. */
class Process {
  readonly wire = new Wire();
  readonly flights: SingleFlight;
  readonly cache: CacheService;
  /** The values of its runs that have not landed. */
  readonly running = new Set<number>();
  /** What its search in progress has found standing: a call that joins the search may be given that. */
  readonly found = new Set<number>();

  constructor(store: KeyValueStore, clock: TestClock, { readThrough, fault = {}, tags }: HistoryOptions) {
    const { store: asStore = (given) => given, flights = (given) => given } = fault;
    const wired = this.wire.through(asStore(store));
    this.flights = flights(flightsOn(wired));
    this.cache = new CacheService(
      wired,
      {
        place: '',
        keyPrefix: 'app',
        timeoutMs: TIMEOUT * 1000,
        version: 1,
        readThrough: settle(readThroughOptions, { factoryTimeout: null, ...readThrough }),
        tags: tags ?? false,
      },
      new JsonSerializer(),
      clock,
    );
  }

  /** The values a call may be given that begins now, whatever was written or deleted by others since they were made. */
  mayJoin(isShared: boolean): Set<number> {
    const isInFlight = this.flights.isInFlight(ENTRY);
    if (!isInFlight) this.found.clear();
    // with shared flights a call that finds no search in progress looks for itself
    const joins = isInFlight || (!isShared && this.flights.behind(ENTRY) !== undefined);
    return new Set(joins ? [...this.running, ...this.found] : []);
  }
}

/** Several processes, another program, a clock and eviction, in an order that is given by numbers. */
export class CacheHistory {
  /** What was done, to be read when something went wrong. */
  readonly log: string[] = [];
  readonly #clock = new TestClock(0);
  readonly #store = new MemoryStore({ clock: this.#clock });
  readonly #oracle = new Oracle((key) => this.#store.get(key), {
    entry: ENTRY,
    tokens: TOKENS,
    tag: 'app:tag:',
  });
  readonly #processes: readonly Process[];
  readonly #factories: ((end: number) => void)[] = [];
  readonly #kept = new Set<number>();
  readonly #hasTags: boolean;
  readonly #isShared: boolean;
  readonly #timers: ((ms: number) => void) | undefined;
  #database = 0;
  #asking = 0;
  #isWriting = false;
  #executed = 0;

  constructor({ tags = false, processes = 2, ...options }: HistoryOptions) {
    this.#hasTags = tags;
    this.#isShared = options.readThrough.singleFlight === 'shared';
    this.#timers = options.timers;
    this.#clock.advance(1_000_000);
    this.#processes = Array.from(
      { length: processes },
      () => new Process(this.#store, this.#clock, { ...options, tags }),
    );
  }

  /** What went wrong. */
  get violations(): readonly string[] {
    return this.#oracle.violations;
  }

  /** What the calls of all processes have met. */
  get outcomes(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { cache } of this.#processes)
      for (const [outcome, count] of Object.entries(cache.stats()))
        counts.set(outcome, (counts.get(outcome) ?? 0) + Number(count ?? 0));
    return counts;
  }

  /** @param choices each says what is done next */
  async run(choices: readonly number[]): Promise<void> {
    for (const choice of choices) {
      const steps = this.#steps(choice >>> 8);
      await steps[choice % steps.length]!();
      await this.#settle();
    }
    while (this.#asking > 0 || this.#isWriting) {
      const steps = [...this.#wireSteps(), ...this.#endings(0)];
      if (steps.length === 0) await this.#waitOn();
      else await steps[0]!();
      await this.#settle();
    }
  }

  #steps(detail: number): Step[] {
    return [
      ...this.#wireSteps(),
      ...this.#wireSteps(),
      ...this.#endings(detail),
      ...(this.#asking < 5 ? this.#processes.map((process) => () => this.#ask(process, detail)) : []),
      ...(this.#isWriting ? [] : [() => this.#write(detail), () => this.#writeForeign(detail)]),
      () => this.#pass(detail),
      ...(this.#isShared ? [() => this.#waitOn(), () => this.#waitOn()] : []),
      ...(detail % 4 === 0 ? [() => this.#evict(detail >>> 2)] : []),
    ];
  }

  #wireSteps(): Step[] {
    return this.#processes.flatMap((process) => this.#wireStepsOf(process));
  }

  #wireStepsOf(process: Process): Step[] {
    const { wire } = process;
    const steps: Step[] = [];
    const [answered] = wire.executed;
    if (wire.sent.length > 0) steps.push(() => this.#execute(process));
    if (answered !== undefined)
      steps.push(() => {
        wire.executed.shift();
        answered.deliver();
        if (answered.verb === 'writeKept') this.#landed(process, answered.args[1] as KeptWrite);
        return Promise.resolve();
      });
    return steps;
  }

  async #execute(process: Process): Promise<void> {
    if (++this.#executed > MOST_COMMANDS)
      throw new Error(['Calls are never answered', ...this.log].join('\n'));
    const call = process.wire.sent.shift()!;
    const valid = await this.#oracle.valid();
    const reply = await call.execute();
    this.#note(process, `${call.verb} ${JSON.stringify(call.args)} → ${JSON.stringify(reply)}`);
    process.wire.executed.push({ ...call, reply });
    for (const { id } of standingIn(call.verb, reply)) process.found.add(id);
    if (call.verb === 'writeKept' && (reply as KeptOutcome).outcome === 'stored')
      this.#stored(call.args[1] as KeptWrite, valid);
    await this.#oracle.check();
  }

  #stored({ value, over }: KeptWrite, valid: string | undefined): void {
    if (!this.#isShared && over.kind === 'nothing' && value !== null)
      this.#oracle.wasMadeCold(valueOf(value));
    if (valid !== undefined && TAKES_FOR_ABSENT.has(over.kind))
      this.#oracle.overwritten(valid, value ?? 'keep()');
  }

  /** A run is over for those who ask from now on. */
  #landed({ running }: Process, { value }: KeptWrite): void {
    if (value !== null) running.delete(valueOf(value).id);
    else for (const id of this.#kept) running.delete(id);
  }

  #ask(process: Process, detail: number): Promise<void> {
    const reads = this.#hasTags && (detail >>> 6) % 8 === 0;
    const began = this.#oracle.begin(reads ? new Set() : process.mayJoin(this.#isShared));
    this.#asking += 1;
    this.#note(process, `${reads ? 'reads' : 'asks'}; floor ${began.floor}`);
    void (reads ? process.cache.get<Value>(KEY) : this.#getOrSet(process, detail))
      .then(
        (value) => {
          this.#note(process, `is given ${JSON.stringify(value)}`);
          if (value !== undefined) this.#oracle.given(value, began);
        },
        (error: unknown) => this.#note(process, `fails: ${String(error)}`),
      )
      .finally(() => (this.#asking -= 1));
    return Promise.resolve();
  }

  #getOrSet(process: Process, detail: number): Promise<Value> {
    const tags = this.#tagsBy(detail);
    const isByValue = (detail >>> 3) % 2 === 0;
    const options: GetOrSetOptions<Value> = {
      ...(tags.length > 0 && { tags: isByValue ? () => [...tags] : tags }),
      ...(this.#hasTags && (detail >>> 4) % 4 === 0 && { grace: 0 }),
    };
    return process.cache.getOrSet(KEY, (context) => this.#make(process, context, tags), options);
  }

  #tagsBy(detail: number): readonly string[] {
    return this.#hasTags ? TAGS[detail % TAGS.length]! : [];
  }

  #make(process: Process, { stale, keep, skip }: FactoryContext, tags: readonly string[]): Promise<Value> {
    const value = this.#oracle.value(this.#database, tags);
    const old = stale as Value | undefined;
    process.running.add(value.id);
    this.#note(process, `runs for ${JSON.stringify(value)}, tags ${tags.join()}`);
    return new Promise<Value>((resolve, reject) => {
      this.#factories.push((end) => {
        this.#note(process, `run of ${value.id} ends with ${end}`);
        if (end === 1 && old !== undefined && this.#mayKeep(old, value, tags)) {
          process.running.add(old.id);
          this.#kept.add(old.id);
          resolve(keep());
        } else if (end === 2) resolve(skip(value));
        else if (end >= 3) reject(new Error('away'));
        else resolve(value);
      });
    });
  }

  /** A run that reads the same database may keep what is there; here only under the tags that it had. */
  #mayKeep(old: Value, { state }: Value, tags: readonly string[]): boolean {
    return state === this.#database && old.state === state && this.#oracle.tagsOf(old).join() === tags.join();
  }

  #endings(detail: number): Step[] {
    return this.#factories.map((end, i) => () => {
      this.#factories.splice(i, 1);
      end(detail % 6);
      return Promise.resolve();
    });
  }

  /** Every other one is done at once, before anything else goes on: short moments in between are met more often then. */
  async #write(detail: number): Promise<void> {
    const process = this.#processes[detail % this.#processes.length]!;
    const rest = Math.floor(detail / this.#processes.length);
    this.#beginWrite(process, rest >>> 1);
    while (rest % 2 === 0 && this.#isWriting) {
      await this.#settle();
      for (const step of this.#wireStepsOf(process).slice(0, 1)) await step();
    }
  }

  #beginWrite(process: Process, detail: number): void {
    const { cache } = process;
    const state = ++this.#database;
    const tags = this.#tagsBy(detail >>> 8);
    const value = this.#oracle.value(state, tags);
    const options = tags.length > 0 ? { tags } : {};
    const invalid = TAGS[1 + ((detail >>> 10) % (TAGS.length - 1))]!;
    const invalidate = (): Promise<unknown> => cache.invalidateTags(...invalid);
    const writes: [string, () => Promise<unknown>][] = [
      ...(this.#hasTags ? [0, 1, 2].map(() => ['invalidate', invalidate] as never) : []),
      ['delete', () => cache.delete(KEY)],
      ['set', () => cache.set(KEY, value, options)],
      ['clear', () => cache.clear()],
      ['deletePattern', () => cache.deletePattern('k*')],
      ['deleteMany', () => cache.deleteMany([KEY, 'other'])],
      ['touch 0', () => cache.touch(KEY, 0)],
      ['setMany', () => cache.setMany({ [KEY]: value }, options)],
      ['add', () => cache.add(KEY, value, options)],
      ['touch', () => cache.touch(KEY, TIMEOUT)],
    ];
    const [name, write] = writes[detail % writes.length]!;
    this.#isWriting = true;
    this.#note(process, `${name}, ${state}, tags ${(name === 'invalidate' ? invalid : tags).join()}`);
    void write().then((done) => {
      this.#isWriting = false;
      if (name === 'touch' || (name === 'add' && done !== true)) return;
      if (name === 'invalidate') this.#oracle.invalidated(invalid, state);
      else this.#oracle.floor = state;
      this.#note(process, `${name} resolved, ${state}`);
    });
  }

  async #writeForeign(detail: number): Promise<void> {
    this.#database += 1;
    const isSet = detail % 2 === 0;
    this.log.push(`foreign ${isSet ? 'set' : 'delete'}, ${this.#database}`);
    if (isSet) {
      const value = this.#oracle.value(this.#database);
      await this.#store.set(ENTRY, JSON.stringify(value), TIMEOUT * 1000);
    } else await this.#store.delete(ENTRY);
    await this.#oracle.check();
  }

  async #pass(detail: number): Promise<void> {
    const seconds = [1, 20, TIMEOUT, TIMEOUT, 300][detail % 5]!;
    this.log.push(`${seconds} s pass`);
    await this.#advance(seconds * 1000);
  }

  /** Lets those go on who wait for another process. */
  async #waitOn(): Promise<void> {
    if (this.#timers === undefined) await pause(1);
    else await this.#advance(100);
  }

  async #advance(ms: number): Promise<void> {
    this.#clock.advance(ms);
    this.#timers?.(ms);
    await this.#oracle.check();
  }

  async #evict(detail: number): Promise<void> {
    const tagged = [TOKENS, 'app:tag:t', 'app:tag:u', 'app:epoch'];
    const shared = this.#isShared ? [`app:lease:{${ENTRY}}`] : [];
    const keys = [ENTRY, `app:grace:{${ENTRY}}`, ...shared, ...(this.#hasTags ? tagged : [])];
    const key = keys[detail % keys.length]!;
    this.log.push(`evicted: ${key}`);
    await this.#store.delete(key);
  }

  /** Lets everything go on that waits for nothing but its turn. */
  async #settle(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#timers?.(1);
    }
  }

  #note(process: Process, what: string): void {
    this.log.push(`P${this.#processes.indexOf(process)} ${what}`);
  }
}

/** A history that sends more does not come to an end. */
const MOST_COMMANDS = 5000;

const TAGS: readonly (readonly string[])[] = [[], ['t'], ['u'], ['t', 'u']];

/** The states in which a write expects that no valid entry stands. */
const TAKES_FOR_ABSENT = new Set<KeptWrite['over']['kind']>(['absent', 'nothing', 'stale', 'dead']);

/** The values that a reply says stand. */
const standingIn = (verb: string, reply: unknown): Value[] => {
  if (verb === 'get' && typeof reply === 'string') return [valueOf(reply)];
  if (verb === 'getMany') {
    const [text] = reply as readonly (string | null)[];
    return text?.startsWith('{"id"') ? [valueOf(text)] : [];
  }
  const { state, text, outcome, current } = (
    verb === 'lookUpKept' || verb === 'writeKept' ? reply : {}
  ) as Partial<Look & KeptOutcome & { text: string; current: string }>;
  if (state === 'stands') return [valueOf(text ?? '')];
  return outcome === 'stands' ? [valueOf(current ?? '')] : [];
};
