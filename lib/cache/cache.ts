import type { CacheService } from './cache.service.js';

/** The calls of a CacheService, for what stands in for one, such as a fake in a test. */
export type Cache = Pick<CacheService, keyof CacheService>;
