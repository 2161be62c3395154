/** The names of the contenders, as the tables and targets use them. */
export const RAW = 'node-redis';
export const RAW_DEFAULTS = 'node-redis, defaults';
export const CACHE_MANAGER = 'cache-manager';
export const BENTOCACHE = 'bentocache';
export const OURS = 'codex-redis';
/** This module with a serializer that does not look whether a value comes back. */
export const OURS_TRUSTING = 'codex-redis, trusting';

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
  contender(OURS, 'codex-redis'),
  contender(OURS_TRUSTING, 'codex-redis', { trusting: true }),
];

/** The caches of these names as processes that do a job, each in a database of its own of this Redis. */
export const cachesFor = (job, redis, names = CACHES.map(({ name }) => name)) =>
  CACHES.filter(({ name }) => names.includes(name)).map((cache, database) => ({
    ...cache,
    job: `jobs/${job}.mjs`,
    options: { ...cache.options, url: redis.urlOf(database) },
  }));
