export const COMPUTED = 'computed each time';
export const CACHE_INTERCEPTOR = 'CacheInterceptor over @keyv/redis';
export const OURS = 'codex-redis, @CacheResponse';

const contender = (name, file, platform) => ({
  name,
  contender: `contenders/responses/${file}.mjs`,
  options: { platform },
});

const applicationsOf = (platform) => [
  contender(COMPUTED, 'computed', platform),
  contender(CACHE_INTERCEPTOR, 'cache-interceptor', platform),
  contender(OURS, 'codex-redis', platform),
];

/** The applications of a platform. */
export const APPLICATIONS = { express: applicationsOf('express'), fastify: applicationsOf('fastify') };
