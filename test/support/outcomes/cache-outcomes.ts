import { jest } from '@jest/globals';
import { setImmediate as eventLoop } from 'node:timers/promises';
import type { VersionOptions } from '../../../lib/cache/call-options.js';
import type { LockOptions } from '../../../lib/cache/locks.js';
import type { CacheService } from '../../../lib/cache/cache.service.js';
import { flightsOn } from '../../../lib/cache/read-through/single-flight.js';
import { ignore } from '../../../lib/common/ignore.js';
import { settle } from '../../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../../lib/config/read-through-options.js';
import { resolveSettings } from '../../../lib/config/resolve-settings.js';
import type { KeyValueStore } from '../../../lib/store/key-value-store.js';
import type { CacheOperation, CacheOutcome } from '../../../lib/telemetry/cache-channel.js';
import { CodexRedisThrottlerStorage } from '../../../lib/throttler/codex-redis-throttler.storage.js';
import { GatedFactory } from '../gated-factory.js';
import { recorded, storeWith } from '../sessions.js';
import type { StoreContext } from '../store-suite.js';
import {
  breakable,
  broken,
  type Call,
  type Endings,
  missingInside,
  type Prepare,
  SECRET,
} from './driving.js';

const VALUE = `${SECRET} value`;
const TAG = `${SECRET} tag`;
/** Refused as a key, name, pattern or tag: it is not well-formed. */
const NO_KEY = `${SECRET}\uD800`;
const WRONG_OPTION = { [`${SECRET} option`]: VALUE } as never;

let scenes = 0;

/** The cache, the rate limits and the key that a call of the table works with. No other call has its key. */
export class CacheScene {
  readonly key = `${SECRET} key ${(scenes += 1)}`;
  readonly keyGroup = jest.fn(() => 'group');
  readonly store: KeyValueStore;
  readonly cache: CacheService;
  readonly limits: CodexRedisThrottlerStorage;
  readonly fail: () => void;

  constructor(
    readonly context: StoreContext,
    private readonly hasGroups = false,
  ) {
    const { store, fail } = breakable(context.store);
    this.store = store;
    this.fail = fail;
    this.cache = this.reading({}, store, { tags: true });
    const settings = resolveSettings({ url: 'memory:', cache: { keyPrefix: context.prefix } });
    this.limits = new CodexRedisThrottlerStorage(store, settings);
  }

  /** A cache that reads through as these options say. */
  reading(options: ReadThroughOptions, store = this.store, more: { tags?: boolean } = {}): CacheService {
    const readThrough = settle(readThroughOptions, options);
    const groups = this.hasGroups && { keyGroup: this.keyGroup };
    return this.context.open({ readThrough, ...groups, ...more }, store);
  }

  /** The same in another process. */
  readingElsewhere(options: ReadThroughOptions): CacheService {
    return this.reading(options, storeWith(this.context.other, {}));
  }

  /** Until no factory runs in the background any more. */
  settled(): Promise<void> {
    return flightsOn(this.store).settled();
  }
}

type CacheEndings = Endings<CacheScene, CacheOutcome>;
/** Those that some call takes; each is given an unknown one only. */
type CallOptions = VersionOptions & ReadThroughOptions & LockOptions;
type CallOfKey = (scene: CacheScene, key: string, options?: CallOptions) => Promise<unknown>;

/** A call that is prepared by another. */
const after =
  (prepare: (scene: CacheScene) => Promise<unknown>, call: CallOfKey): Prepare<CacheScene> =>
  async (scene) => {
    await prepare(scene);
    return () => call(scene, scene.key);
  };

const atOnce =
  (call: (scene: CacheScene) => Promise<unknown>): Prepare<CacheScene> =>
  (scene) =>
  () =>
    call(scene);

const unreachable = (call: CallOfKey): Prepare<CacheScene> =>
  atOnce((scene) => {
    scene.fail();
    return call(scene, scene.key);
  });

/** The failures of a call for a key, a name or a pattern. */
const failuresOf = (call: CallOfKey): CacheEndings => ({
  'error redis': unreachable(call),
  'error key': atOnce((scene) => call(scene, NO_KEY)),
  'error option': atOnce((scene) => call(scene, scene.key, WRONG_OPTION)),
});

const stored = (scene: CacheScene): Promise<void> => scene.cache.set(scene.key, VALUE, { tags: [TAG] });
const nothing = (): Promise<void> => Promise.resolve();
const counted = (scene: CacheScene): Promise<void> => scene.cache.set(scene.key, 1);

/** Another writer's text that no cache can read. */
const unreadable = async ({ context, key }: CacheScene): Promise<void> =>
  context.store.set(context.redisKey(key), `{ ${VALUE}`, null);

/** The endings of a call that finds an entry or none. */
const finding = (call: CallOfKey): CacheEndings => ({
  hit: after(stored, call),
  miss: atOnce((scene) => call(scene, scene.key)),
  ...failuresOf(call),
});

/** The endings of a call that does something. */
const doing = (call: CallOfKey, prepare: (scene: CacheScene) => Promise<unknown> = stored): CacheEndings => ({
  done: after(prepare, call),
  ...failuresOf(call),
});

/** The endings of a call that changes an entry which must be there. */
const changing = (call: CallOfKey): CacheEndings => ({
  ...doing(call, counted),
  miss: atOnce((scene) => call(scene, scene.key).catch(ignore)),
});

type Read = (
  cache: CacheService,
  key: string,
  make: () => unknown,
  options?: ReadThroughOptions,
) => Promise<unknown>;

const made = (): string => VALUE;
const undumpable = (): unknown => new Map([[SECRET, VALUE]]);

const KEPT = { grace: 3600, retryAfter: '1h' } as const;
const SHARED = { singleFlight: 'shared', wait: '1h' } as const;
const COMPUTING = { whenUnavailable: 'compute' } as const;
const AHEAD = { refreshAhead: 0.5 } as const;

/** A cache whose entry has outlived its timeout. */
const outdated = async (scene: CacheScene, options: ReadThroughOptions): Promise<CacheService> => {
  const cache = scene.reading(options);
  await cache.set(scene.key, VALUE, 60);
  await scene.context.pass(scene.key, 60);
  return cache;
};

/** The endings of a call that makes what it does not find. */
const readingThrough = (read: Read): CacheEndings => ({
  hit: after(stored, ({ cache }, key) => read(cache, key, made)),
  miss: atOnce(({ cache, key }) => read(cache, key, made)),
  'stale failed': async (scene) => {
    const cache = await outdated(scene, KEPT);
    return () => read(cache, scene.key, broken);
  },
  'stale slow': async (scene) => {
    const cache = await outdated(scene, { ...KEPT, softTimeout: 0 });
    const { factory, open } = new GatedFactory<string>();
    return async () => {
      await read(cache, scene.key, factory);
      open(VALUE);
      await scene.settled();
    };
  },
  'stale postponed': async (scene) => {
    const cache = await outdated(scene, KEPT);
    await read(cache, scene.key, broken);
    return () => read(cache, scene.key, made);
  },
  joined: async ({ cache, key }) => {
    const { factory, entered, open } = new GatedFactory<string>();
    const first = read(cache, key, factory);
    await entered;
    return () => {
      const second = read(cache, key, made);
      open(VALUE);
      return Promise.all([first, second]);
    };
  },
  waited: async (scene) => {
    const { factory, entered, open } = new GatedFactory<string>();
    const making = read(scene.readingElsewhere(SHARED), scene.key, factory);
    await entered;
    return async () => {
      const { store, calls } = recorded(scene.store);
      const waiting = read(scene.reading(SHARED, store), scene.key, made);
      while (!calls.includes('lookUpKept')) await eventLoop();
      open(VALUE);
      await Promise.all([making, waiting]);
    };
  },
  fenced: atOnce(async ({ cache, key }) => {
    const { factory, entered, open } = new GatedFactory<string>();
    const call = read(cache, key, factory);
    await entered;
    await cache.delete(key);
    open(VALUE);
    await call;
  }),
  computed: unreachable((scene, key) => read(scene.reading(COMPUTING), key, made)),
  ...failuresOf(({ cache }, key, options) => read(cache, key, made, options)),
  'error factory': atOnce(({ cache, key }) => read(cache, key, broken)),
  'error missing': atOnce(({ cache, key }) => read(cache, key, missingInside)),
  'error value': atOnce(({ cache, key }) => read(cache, key, undumpable)),
});

/** A refresh by a factory that runs until `during` has been done. */
const refreshing = async (
  scene: CacheScene,
  options: ReadThroughOptions,
  during: (cache: CacheService) => unknown = ignore,
  result: () => unknown = made,
): Promise<Call> => {
  const cache = scene.reading({ ...AHEAD, ...options });
  await cache.set(scene.key, VALUE, 100);
  await scene.context.pass(scene.key, 60);
  return async () => {
    const { factory, entered, open } = new GatedFactory<undefined>();
    await cache.getOrSet(scene.key, () => factory().then(result) as Promise<string>, 100);
    await entered;
    await during(cache);
    open(undefined);
    await scene.settled();
  };
};

/**
 * Each operation on a cache with each outcome that it can have. A new operation without endings is a compile error, and
 * test/docs/observing.spec.ts compares them with the page and with the outcomes of the types.
 */
export const CACHE_OUTCOMES: Readonly<Record<CacheOperation, CacheEndings>> = {
  add: {
    hit: after(stored, ({ cache }, key) => cache.add(key, VALUE)),
    ...doing(({ cache }, key, options) => cache.add(key, VALUE, options ?? { tags: [TAG] }), nothing),
    'error value': atOnce(({ cache, key }) => cache.add(key, undumpable())),
  },
  clear: {
    done: after(stored, ({ cache }) => cache.clear()),
    'error redis': unreachable(({ cache }) => cache.clear()),
    'error settings': atOnce(({ context, store }) => context.open({ keyPrefix: '' }, store).clear()),
  },
  delete: finding(({ cache }, key, options) => cache.delete(key, options)),
  deleteMany: {
    ...doing(({ cache }, key, options) => cache.deleteMany([key, SECRET], options)),
    'error keys': atOnce(({ cache, key }) => cache.deleteMany(key)),
  },
  deletePattern: doing(({ cache }, key, options) => cache.deletePattern(`${key}*`, options)),
  expire: finding(({ cache }, key, options) => cache.expire(key, 60, options)),
  expireAt: finding(({ cache, context }, key, options) =>
    cache.expireAt(key, context.inFuture(60_000), options),
  ),
  get: {
    ...finding(({ cache }, key, options) => cache.get(key, undefined, options)),
    'error value': after(unreadable, ({ cache }, key) => cache.get(key)),
  },
  getMany: {
    hit: after(stored, ({ cache }, key) => cache.getMany([key])),
    miss: after(stored, ({ cache }, key) => cache.getMany([key, SECRET])),
    ...doing(({ cache }, key, options) => cache.getMany([key, SECRET], options)),
    done: atOnce(({ cache }) => cache.getMany([])),
    'error keys': atOnce(({ cache, key }) => cache.getMany(key)),
    'error value': after(unreadable, ({ cache }, key) => cache.getMany([key, SECRET])),
  },
  getOrSet: readingThrough((cache, key, make, options) => cache.getOrSet(key, make as () => string, options)),
  getOrSetMany: {
    ...readingThrough((cache, key, make, options) =>
      cache.getOrSetMany([key], async ([missing]) => ({ [String(missing)]: await make() }), options),
    ),
    done: atOnce(({ cache }) => cache.getOrSetMany([], () => ({}))),
    'error keys': atOnce(({ cache, key }) => cache.getOrSetMany(key, () => ({}))),
    'error invented': atOnce(({ cache, key }) => cache.getOrSetMany([key], () => ({ [SECRET]: VALUE }))),
  },
  has: finding(({ cache }, key, options) => cache.has(key, options)),
  incr: {
    ...changing(({ cache }, key, options) => cache.incr(key, 1, options)),
    'done down': after(counted, ({ cache }, key) => cache.decr(key)),
    'error text': after(stored, ({ cache }, key) => cache.incr(key)),
    'error delta': after(counted, ({ cache }, key) => cache.incr(key, VALUE as never)),
    'error down': after(counted, ({ cache }, key) => cache.decr(key, VALUE as never)),
  },
  incrVersion: {
    ...changing(({ cache }, key, options) => cache.incrVersion(key, 1, options)),
    'done down': after(counted, ({ cache }, key) => cache.decrVersion(key)),
    'error down': after(counted, ({ cache }, key) => cache.decrVersion(key, VALUE as never)),
  },
  invalidateTags: {
    done: after(stored, ({ cache }) => cache.invalidateTags(TAG)),
    'error redis': unreachable(({ cache }) => cache.invalidateTags(TAG)),
    'error key': atOnce(({ cache }) => cache.invalidateTags(NO_KEY)),
  },
  keys: doing(async ({ cache }, key, options) => {
    for await (const seen of cache.keys(`${key}*`, options)) if (seen === '') break;
  }),
  persist: finding(({ cache }, key, options) => cache.persist(key, options)),
  refresh: {
    done: (scene) => refreshing(scene, {}),
    waited: async (scene) => {
      const here = await outdated(scene, { ...KEPT, ...SHARED, softTimeout: 0 });
      const { factory, entered, open } = new GatedFactory<string>();
      const making = scene.readingElsewhere({ ...KEPT, ...SHARED }).getOrSet(scene.key, factory);
      await entered;
      return async () => {
        await here.getOrSet(scene.key, made);
        open(VALUE);
        await making;
        await scene.settled();
      };
    },
    fenced: (scene) => refreshing(scene, {}, (cache) => cache.delete(scene.key)),
    computed: (scene) => refreshing(scene, COMPUTING, scene.fail),
    'error redis': (scene) => refreshing(scene, {}, scene.fail),
    'error factory': (scene) => refreshing(scene, {}, ignore, broken),
    'error missing': (scene) => refreshing(scene, {}, ignore, missingInside),
    'error value': (scene) => refreshing(scene, {}, ignore, undumpable),
  },
  set: {
    ...doing(({ cache }, key, options) => cache.set(key, VALUE, options ?? { tags: [TAG] })),
    'error value': atOnce(({ cache, key }) => cache.set(key, undumpable())),
  },
  setMany: {
    ...doing(({ cache }, key, options) =>
      cache.setMany({ [key]: VALUE, [SECRET]: VALUE }, options ?? { tags: [TAG] }),
    ),
    'error entries': atOnce(({ cache }) => cache.setMany([VALUE] as never)),
    'error value': atOnce(({ cache, key }) => cache.setMany({ [key]: undumpable() })),
  },
  throttle: {
    done: atOnce(({ limits, key }) => limits.increment(key, 60_000, 10, 0, SECRET)),
    'error redis': unreachable(({ limits }, key) => limits.increment(key, 60_000, 10, 0, SECRET)),
    'error number': atOnce(({ limits, key }) => limits.increment(key, VALUE as never, 10, 0, SECRET)),
  },
  touch: finding(({ cache }, key, options) => cache.touch(key, options)),
  ttl: finding(({ cache }, key, options) => cache.ttl(key, options)),
  withLock: {
    ...doing(({ cache }, key, options) => cache.withLock(key, made, options), nothing),
    'error factory': atOnce(({ cache, key }) => cache.withLock(key, broken)),
    'error missing': atOnce(({ cache, key }) => cache.withLock(key, missingInside)),
    'error held': async ({ cache, key }) => {
      const { factory, entered, open } = new GatedFactory<string>();
      const holding = cache.withLock(key, factory);
      await entered;
      return async () => {
        try {
          await cache.withLock(key, made, { wait: 0 });
        } finally {
          open(VALUE);
          await holding;
        }
      };
    },
  },
};
