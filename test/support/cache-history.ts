import { setTimeout as pause } from 'node:timers/promises';
import { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn, type SingleFlight } from '../../lib/cache/read-through/single-flight.js';
import type { FactoryContext } from '../../lib/cache/read-through/factory-run.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { KeptOutcome, KeptWrite, Look } from '../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { TestClock } from '../../lib/testing/test-clock.js';

/** A value under the one key of a history: what wrote it, and the state of the database it was made of. */
interface Value {
  readonly id: number;
  readonly state: number;
}

interface Sent {
  readonly verb: string;
  readonly args: readonly unknown[];
  execute(): Promise<unknown>;
  deliver(): void;
}

/** What a process has asked of the store, in order; and what was carried out and not answered yet. */
class Wire {
  readonly sent: Sent[] = [];
  readonly executed: (Sent & { readonly reply: unknown })[] = [];

  constructor(private readonly faulty: (store: KeyValueStore) => KeyValueStore) {}

  through(store: KeyValueStore): KeyValueStore {
    const faulty = this.faulty(store);
    return new Proxy(faulty, {
      get: (target, verb) => {
        const member = Reflect.get(target, verb) as (...args: unknown[]) => unknown;
        if (typeof member !== 'function') return member;
        if (verb === 'scan') return member.bind(target);
        return (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            let result: Promise<unknown>;
            this.sent.push({
              verb: String(verb),
              args,
              execute: () => (result = Promise.resolve(Reflect.apply(member, target, args))),
              deliver: () => void result.then(resolve, reject),
            });
          });
      },
    });
  }
}

const KEY = 'k';
const ENTRY = `app:1:${KEY}`;
const TIMEOUT = 60;

/** What makes a store wrong, to see that a history shows it. */
export type Fault = (store: KeyValueStore) => KeyValueStore;

/** Two processes, another program, a clock and eviction, in an order that is given by numbers. */
export class CacheHistory {
  /** What went wrong. */
  readonly violations: string[] = [];
  /** What was done, to be read when something went wrong. */
  readonly log: string[] = [];
  readonly #clock = new TestClock(0);
  readonly #store = new MemoryStore({ clock: this.#clock });
  readonly #wires: readonly Wire[];
  readonly #flights: readonly SingleFlight[];
  readonly #caches: readonly CacheService[];
  readonly #factories: ((end: number) => void)[] = [];
  readonly #values = new Map<number, Value>();
  /** Made by runs that found nothing: a delete by another process does not hold them up. */
  readonly #cold = new Set<number>();
  readonly #running: [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly #kept = new Set<number>();
  /** Set by another program: they carry no tag. */
  readonly #untagged = new Set<number>();
  /** The state of the database that the last invalidation was about, once it had resolved. */
  #invalidated = 0;
  #database = 0;
  #ids = 0;
  /** The state of the database that the last write or delete of the module was about, once it had resolved. */
  #floor = 0;
  #asking = 0;
  #isWriting = false;

  readonly #isShared: boolean;

  /**
   * @param advanceTimers moves the timers of this process; shared flights need them, to renew leases and to wait
   * @param hasTags whether everything that the module stores carries a tag, which is invalidated at times
   */
  constructor(
    options: ReadThroughOptions,
    fault: Fault = (store) => store,
    private readonly advanceTimers: (ms: number) => void = () => undefined,
    private readonly hasTags = false,
  ) {
    this.#isShared = options.singleFlight === 'shared';
    this.#clock.advance(1_000_000);
    this.#wires = [new Wire(fault), new Wire(fault)];
    const readThrough = settle(readThroughOptions, { factoryTimeout: null, ...options });
    const stores = this.#wires.map((wire) => wire.through(this.#store));
    this.#flights = stores.map(flightsOn);
    this.#caches = stores.map(
      (store) =>
        new CacheService(
          store,
          { place: '', keyPrefix: 'app', timeoutMs: TIMEOUT * 1000, version: 1, readThrough, tags: hasTags },
          new JsonSerializer(),
          this.#clock,
        ),
    );
  }

  /** @param choices each says what is done next */
  async run(choices: readonly number[]): Promise<void> {
    for (const choice of choices) {
      const steps = this.#steps(choice >>> 8);
      await steps[choice % steps.length]!();
      await this.#settle();
    }
    while (this.#asking > 0 || this.#isWriting) {
      const steps = [
        ...this.#wires.flatMap((wire, process) => this.#wireSteps(wire, process)),
        ...this.#endings(0),
      ];
      if (steps.length === 0) await this.#waitOn();
      else await steps[0]!();
      await this.#settle();
    }
  }

  #steps(detail: number): (() => Promise<void>)[] {
    return [
      ...this.#wires.flatMap((wire, process) => this.#wireSteps(wire, process)),
      ...this.#wires.flatMap((wire, process) => this.#wireSteps(wire, process)),
      ...this.#endings(detail),
      ...(this.#asking < 5 ? [0, 1].map((process) => () => this.#ask(process)) : []),
      ...(this.#isWriting
        ? []
        : [() => this.#write(detail % 2, detail >>> 1), () => this.#writeForeign(detail)]),
      () => this.#pass(detail),
      ...(this.#isShared ? [() => this.#waitOn(), () => this.#waitOn()] : []),
      ...(detail % 4 === 0 ? [() => this.#evict(detail >>> 2)] : []),
    ];
  }

  #wireSteps(wire: Wire, process: number): (() => Promise<void>)[] {
    const steps: (() => Promise<void>)[] = [];
    const [next] = wire.sent;
    const [answered] = wire.executed;
    if (next !== undefined) steps.push(() => this.#execute(wire, process));
    if (answered !== undefined)
      steps.push(() => {
        wire.executed.shift();
        answered.deliver();
        if (answered.verb === 'writeKept') this.#landed(process, answered.args[1] as KeptWrite);
        return Promise.resolve();
      });
    return steps;
  }

  async #execute(wire: Wire, process: number): Promise<void> {
    const call = wire.sent.shift()!;
    const reply = await call.execute();
    this.log.push(`P${process} ${call.verb} ${JSON.stringify(call.args)} → ${JSON.stringify(reply)}`);
    wire.executed.push({ ...call, reply });
    if (call.verb === 'writeKept') {
      const { value, over } = call.args[1] as KeptWrite;
      if (
        !this.#isShared &&
        over.kind === 'nothing' &&
        (reply as KeptOutcome).outcome === 'stored' &&
        value !== null
      )
        this.#cold.add((JSON.parse(value) as Value).id);
    }
    await this.#check();
  }

  /** A run is over for those who ask from now on. */
  #landed(process: number, { value }: KeptWrite): void {
    const running = this.#running[process]!;
    if (value !== null) running.delete((JSON.parse(value) as Value).id);
    else for (const id of this.#kept) running.delete(id);
  }

  /** What stands is never older than what the module last wrote or deleted. */
  async #check(): Promise<void> {
    const text = await this.#store.get(ENTRY);
    if (text === null) return;
    const { id, state } = JSON.parse(text) as Value;
    if (state < this.#floor && !this.#cold.has(id))
      this.violations.push(`undone: ${text} stands, though ${this.#floor} was written or deleted`);
  }

  #ask(process: number): Promise<void> {
    const floor = this.#floor;
    const invalidated = this.#invalidated;
    const tags = this.#asking % 2 === 0 ? ['t'] : (): string[] => ['t'];
    // whoever finds no search in progress looks for himself
    const joins = !this.#isShared || this.#flights[process]!.isUnderWay(ENTRY);
    const mayJoin = new Set(joins ? [...this.#running[process]!, ...this.#readAlready(process)] : []);
    this.#asking += 1;
    this.log.push(`P${process} asks; floor ${floor}`);
    const cache = this.#caches[process]!;
    void cache
      .getOrSet(KEY, (context) => this.#make(process, context), this.hasTags ? { tags } : {})
      .then(
        (value) => {
          const { id, state } = value;
          this.log.push(`P${process} is given ${JSON.stringify(value)}`);
          if (state < invalidated && !this.#untagged.has(id))
            this.violations.push(
              `invalid: ${JSON.stringify(value)} was given to a call that began after the invalidation of ${invalidated}`,
            );
          if (state < floor && !mayJoin.has(id) && !this.#cold.has(id))
            this.violations.push(
              `stale: ${JSON.stringify(value)} was given to a call that began at ${floor}`,
            );
        },
        (error: unknown) => this.log.push(`P${process} fails: ${String(error)}`),
      )
      .finally(() => (this.#asking -= 1));
    return Promise.resolve();
  }

  /** What a call may be given that joins a search: what another has found standing, and was not told yet. */
  #readAlready(process: number): number[] {
    return this.#wires[process]!.executed.flatMap(({ verb, reply }) => {
      if (verb === 'get' && typeof reply === 'string') return [(JSON.parse(reply) as Value).id];
      const { state, text } = (verb === 'lookUpKept' ? reply : {}) as Partial<Look & { text: string }>;
      if (state === 'stands') return [(JSON.parse(text ?? '') as Value).id];
      const { outcome, current } = (verb === 'writeKept' ? reply : {}) as {
        outcome?: string;
        current?: string;
      };
      return outcome === 'stands' ? [(JSON.parse(current ?? '') as Value).id] : [];
    });
  }

  #make(process: number, { stale, keep, skip }: FactoryContext): Promise<Value> {
    const value = this.#value();
    const kept = (stale as Value | undefined)?.id ?? value.id;
    const running = this.#running[process]!;
    running.add(value.id);
    this.log.push(`P${process} runs for ${JSON.stringify(value)}`);
    return new Promise<Value>((resolve, reject) => {
      this.#factories.push((end) => {
        const isOld = value.state < this.#database;
        this.log.push(`P${process} run of ${value.id} ends with ${end}`);
        // one that reads the same database may keep what is there
        if (end === 1 && stale !== undefined && !isOld && (stale as Value).state === this.#database) {
          running.add(kept);
          this.#kept.add(kept);
          resolve(keep());
        } else if (end === 2) resolve(skip(value));
        else if (end >= 3) reject(new Error('away'));
        else resolve(value);
      });
    });
  }

  #endings(detail: number): (() => Promise<void>)[] {
    return this.#factories.map((end, i) => () => {
      this.#factories.splice(i, 1);
      end(detail % 6);
      return Promise.resolve();
    });
  }

  #value(): Value {
    const value = { id: ++this.#ids, state: this.#database };
    this.#values.set(value.id, value);
    return value;
  }

  /** Every other one is done at once, before anything else goes on: short moments in between are met more often then. */
  async #write(process: number, detail: number): Promise<void> {
    this.#beginWrite(process, detail >>> 1);
    while (detail % 2 === 0 && this.#isWriting) {
      await this.#settle();
      for (const step of this.#wireSteps(this.#wires[process]!, process).slice(0, 1)) await step();
    }
  }

  #beginWrite(process: number, detail: number): void {
    const cache = this.#caches[process]!;
    const state = ++this.#database;
    const value = this.#value();
    const options = this.hasTags ? { tags: ['t'] } : {};
    const writes: [string, () => Promise<unknown>][] = [
      ...(this.hasTags
        ? [0, 1, 2].map((): [string, () => Promise<unknown>] => [
            'invalidate',
            () => cache.invalidateTags('t'),
          ])
        : []),
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
    this.log.push(`P${process} ${name}, ${state}`);
    void write().then((done) => {
      this.#isWriting = false;
      if (name === 'touch' || (name === 'add' && done !== true)) return;
      if (name === 'invalidate') this.#invalidated = state;
      else this.#floor = state;
      this.log.push(`P${process} ${name} resolved, ${state}`);
    });
  }

  async #writeForeign(detail: number): Promise<void> {
    this.#database += 1;
    const isSet = detail % 2 === 0;
    this.log.push(`foreign ${isSet ? 'set' : 'delete'}, ${this.#database}`);
    if (isSet) {
      const value = this.#value();
      this.#untagged.add(value.id);
      await this.#store.set(ENTRY, JSON.stringify(value), TIMEOUT * 1000);
    } else await this.#store.delete(ENTRY);
    await this.#check();
  }

  async #pass(detail: number): Promise<void> {
    const seconds = [1, 20, TIMEOUT, TIMEOUT, 300][detail % 5]!;
    this.log.push(`${seconds} s pass`);
    this.#clock.advance(seconds * 1000);
    this.advanceTimers(seconds * 1000);
    await this.#check();
  }

  /** Lets those go on who wait for another process. */
  async #waitOn(): Promise<void> {
    if (!this.#isShared) return pause(1);
    this.#clock.advance(100);
    this.advanceTimers(100);
    await this.#check();
  }

  async #evict(detail: number): Promise<void> {
    const tagged = [`app:tokens:{${ENTRY}}`, 'app:tag:t', 'app:epoch'];
    const shared = this.#isShared ? [`app:lease:{${ENTRY}}`] : [];
    const keys = [ENTRY, `app:grace:{${ENTRY}}`, ...shared, ...(this.hasTags ? tagged : [])];
    const key = keys[detail % keys.length]!;
    this.log.push(`evicted: ${key}`);
    await this.#store.delete(key);
  }

  /** Lets everything go on that waits for nothing but its turn. */
  async #settle(): Promise<void> {
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.advanceTimers(1);
    }
  }
}
