import { randomUUID } from 'node:crypto';
import { CacheService } from '../../lib/cache/cache.service.js';
import type { CacheServiceSettings } from '../../lib/cache/cache-settings.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { Serializer } from '../../lib/serializer/serializer.js';
import type { Clock } from '../../lib/common/clock.js';
import { escapeGlob } from '../../lib/common/glob.js';
import type { ReadThroughSettings } from '../../lib/config/settings.js';
import { CACHE_COMPANIONS, companionKey, entryOfCompanion } from '../../lib/store/companion-key.js';
import type { KeptKeys } from '../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { storeWith } from './sessions.js';
import { type OpenedStore, stores } from './stores.js';

/** What each test of a suite works with. */
export class StoreContext {
  /** What caches do unless a test says otherwise. */
  readonly #readThrough: ReadThroughSettings;
  #opened: OpenedStore | undefined;
  #prefix = '';
  #cache: CacheService | undefined;

  constructor(
    readThrough: ReadThroughOptions = {},
    /** Whether caches have tags unless a test says otherwise. */
    readonly tags = false,
  ) {
    this.#readThrough = settle(readThroughOptions, readThrough);
  }

  get store(): KeyValueStore {
    return this.#opened!.store;
  }

  /** Whether time passes for everything at once, the clock too. */
  get movesAllTime(): boolean {
    return this.#opened!.movesAllTime;
  }

  /** A second client of the same place, as another process would be. */
  get other(): KeyValueStore {
    return this.#opened!.other;
  }

  get clock(): Clock {
    return this.#opened!.clock;
  }

  /** What the test's keys begin with; they are deleted after it. */
  get prefix(): string {
    return this.#prefix;
  }

  /** A cache under that prefix. */
  get cache(): CacheService {
    return (this.#cache ??= this.open());
  }

  /** A cache of other settings, or on the other store. */
  open(
    settings: Partial<CacheServiceSettings> = {},
    store = this.store,
    serializer: Serializer = new JsonSerializer(),
    clock = this.clock,
  ): CacheService {
    const defaults = {
      place: 'cache.',
      keyPrefix: this.prefix,
      timeoutMs: 300_000,
      version: 1,
      keyFunction: undefined,
      keyPattern: undefined,
      readThrough: this.#readThrough,
      tags: this.tags,
    };
    return new CacheService(store, { ...defaults, ...settings }, serializer, clock);
  }

  /** A cache that reads through as these options say. */
  reading(options: ReadThroughOptions, store = this.store, clock = this.clock): CacheService {
    const readThrough = settle(readThroughOptions, options);
    return this.open({ readThrough }, store, new JsonSerializer(), clock);
  }

  /** The same in another process, which knows nothing of the runs of this one. */
  readingElsewhere(options: ReadThroughOptions): CacheService {
    return this.reading(options, storeWith(this.other, {}));
  }

  /** A cache with tags. */
  tagged(options: ReadThroughOptions = {}, store = this.store): CacheService {
    return this.open({ readThrough: settle(readThroughOptions, options), tags: true }, store);
  }

  /** The same in another process. */
  taggedElsewhere(options: ReadThroughOptions = {}): CacheService {
    return this.tagged(options, storeWith(this.other, {}));
  }

  /** The keys of an entry and its companion. */
  keptKeys(key: string, version = 1): KeptKeys {
    const entry = this.redisKey(key, version);
    return { entry, grace: companionKey(this.prefix, 'grace', entry) };
  }

  /** The key of the lease of a cache entry. */
  leaseKey(key: string): string {
    return companionKey(this.prefix, 'lease', this.redisKey(key));
  }

  /** Lets the time of a cache entry and of its companion go by. */
  async pass(key: string, seconds: number): Promise<void> {
    await this.elapseKept(this.keptKeys(key), seconds * 1000);
  }

  /** The Redis key of a cache key of this test. */
  redisKey(key: string, version = 1): string {
    return `${this.prefix}:${version}:${key}`;
  }

  /** The point in time `ms` from now, by the clock of the store. */
  inFuture(ms: number): Date {
    return new Date(this.#opened!.clock.now() + ms);
  }

  /** Lets the time of a cache entry go by. */
  async elapse(key: string, seconds: number, version = 1): Promise<void> {
    await this.elapseKept(this.keptKeys(key, version), seconds * 1000);
  }

  /** Lets the time of an entry and of its companion go by. */
  async elapseKept({ entry, grace }: KeptKeys, ms: number): Promise<void> {
    await this.elapseRedisKey(entry, ms);
    if (this.#opened!.movesAllTime) return;
    await this.elapseRedisKey(companionKey(this.prefix, 'tokens', entry), ms);
    if (this.#readThrough.grace === 0 && !(await this.store.has(grace))) return;
    if (Number(await this.command(grace, 'HEXISTS', grace, 'x')) === 1)
      await this.command(grace, 'HINCRBY', grace, 'x', String(-ms));
    await this.elapseRedisKey(grace, ms);
  }

  async elapseRedisKey(redisKey: string, ms: number): Promise<void> {
    await this.#opened!.elapse(redisKey, ms);
  }

  /** Lets the time of an index go by, and of its members. */
  async elapseMembers(index: string, ms: number): Promise<void> {
    await this.elapseRedisKey(index, ms);
    if (this.#opened!.movesAllTime) return;
    for (const handle of (await this.command(index, 'HKEYS', index)) as string[]) {
      const text = (await this.command(index, 'HGET', index, handle)) as string;
      const member: unknown = JSON.parse(text);
      await this.command(index, 'HSET', index, handle, JSON.stringify(earlier(member, ms)));
    }
  }

  /** Sends one command to the server that holds the key, behind the back of the store. */
  async command(redisKey: string, ...args: string[]): Promise<unknown> {
    return this.#opened!.command(redisKey, ...args);
  }

  /** Every key of this test, as it stands in the store, but for the companions of entries that are there. */
  async redisKeys(): Promise<string[]> {
    const keys = await this.#allKeys();
    const isCompanion = (key: string): boolean =>
      CACHE_COMPANIONS.some((word) => keys.has(entryOfCompanion(this.prefix, word, key) ?? ''));
    return [...keys].filter((key) => !isCompanion(key)).sort();
  }

  begin(opened: OpenedStore): void {
    this.#opened = opened;
    this.#prefix = `test-${randomUUID()}`;
    this.#cache = undefined;
  }

  async end(): Promise<void> {
    await this.store.deleteMany([...(await this.#allKeys())]);
  }

  async #allKeys(): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const page of this.store.scan(`${escapeGlob(this.prefix)}*`))
      page.forEach((key) => keys.add(key));
    return keys;
  }
}

/** A member of an index as it would be if it were that much older. */
const earlier = (member: unknown, ms: number): unknown => {
  if (Array.isArray(member)) return member.map((one) => earlier(one, ms));
  if (typeof member !== 'object' || member === null) return member;
  const moved = new Set(['createdAt', 'deadline', 'ends']);
  return Object.fromEntries(
    Object.entries(member).map(([name, value]) => [
      name,
      moved.has(name) && typeof value === 'number' ? value - ms : earlier(value, ms),
    ]),
  );
};

/** A suite that runs on every store, each test with keys of its own. */
export const describeOnEveryStore = (title: string, body: (context: StoreContext) => void): void =>
  describeWith(title, {}, body);

/** The same for caches, as they are and with every feature switched on. */
export const describeCacheOnEveryStore = (title: string, body: (context: StoreContext) => void): void => {
  describeWith(title, {}, body);
  describeWith(`${title}, reading through`, EVERYTHING, body);
  describeWith(`${title}, reading through, with tags`, EVERYTHING, body, true);
};

const EVERYTHING: ReadThroughOptions = {
  grace: '1h',
  softTimeout: '10s',
  refreshAhead: 0.9,
  jitter: 0.000_001,
  nullTimeout: 299,
  singleFlight: 'shared',
  whenUnavailable: 'compute',
};

const describeWith = (
  title: string,
  readThrough: ReadThroughOptions,
  body: (context: StoreContext) => void,
  tags = false,
): void => {
  describe.each(stores)(`${title} ($name)`, ({ open }) => {
    const context = new StoreContext(readThrough, tags);
    let opened: OpenedStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    beforeEach(() => context.begin(opened));
    afterEach(() => context.end());
    body(context);
  });
};
