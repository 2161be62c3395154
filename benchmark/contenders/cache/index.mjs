/** The names of the contenders, as the tables and targets use them. */
export const RAW = 'node-redis';
export const RAW_DEFAULTS = 'node-redis, defaults';
export const CACHE_MANAGER = 'cache-manager';
export const BENTOCACHE = 'bentocache';
export const CACHEABLE = 'cacheable';
export const OURS = 'codex-redis';
/** This module with a serializer that does not look whether a value comes back. */
export const OURS_TRUSTING = 'codex-redis, trusting';
/** What `get` does beside telling of it, by hand. */
export const BY_HAND = 'by hand';
export const OBSERVED = 'codex-redis, a subscriber';
export const WITH_METRICS = 'codex-redis, OpenTelemetry metrics';
/** What `getOrSet` is asked to do beside. */
export const WITH_GRACE = 'codex-redis, grace';
export const WITH_TAGS = 'codex-redis, two tags';
export const BENTOCACHE_WITH_TAGS = 'bentocache, two tags';
export const SHARED = 'codex-redis, shared flights';
export const DECORATED = 'codex-redis, @Cacheable';

const contender = (name, file, options = {}) => ({
  name,
  contender: `contenders/cache/${file}.mjs`,
  options,
});

/** Every cache, the yardstick first. */
export const CACHES = [
  contender(RAW, 'raw'),
  contender(RAW_DEFAULTS, 'raw', { clientOptions: {} }),
  contender(CACHE_MANAGER, 'cache-manager'),
  contender(BENTOCACHE, 'bentocache'),
  contender(CACHEABLE, 'cacheable'),
  contender(OURS, 'codex-redis'),
  contender(OURS_TRUSTING, 'codex-redis', { trusting: true }),
];

/** This module, observed by nobody and by somebody, the yardstick first. */
export const OBSERVERS = [
  contender(BY_HAND, 'observed', { observer: 'nobody', byHand: true }),
  contender(OURS, 'observed', { observer: 'nobody' }),
  contender(OBSERVED, 'observed', { observer: 'subscriber' }),
  contender(WITH_METRICS, 'observed', { observer: 'metrics' }),
];

/** Of each entry that has some. */
const TAGS = ['catalog', 'product:7'];

/** A cache with one more feature each. */
const FEATURES = [
  contender(WITH_GRACE, 'codex-redis', { cache: { readThrough: { grace: '1h' } } }),
  contender(WITH_TAGS, 'codex-redis', { cache: { tags: true }, tags: TAGS }),
  contender(BENTOCACHE_WITH_TAGS, 'bentocache', { tags: TAGS }),
  contender(SHARED, 'codex-redis', { cache: { readThrough: { singleFlight: 'shared' } } }),
  contender(DECORATED, 'cacheable-method'),
];

/** The caches of these names as processes that do a job, each in a database of its own of this Redis. */
export const cachesFor = (job, redis, names = CACHES.map(({ name }) => name)) =>
  processesFor(
    job,
    redis,
    [...CACHES, ...FEATURES].filter(({ name }) => names.includes(name)),
  );

export const processesFor = (job, redis, caches) =>
  caches.map((cache, database) => ({
    ...cache,
    job: `jobs/${job}.mjs`,
    options: { ...cache.options, url: redis.urlOf(database) },
  }));
