import type { WriteOptions } from '../cache/call-options.js';
import {
  type CacheChoice,
  callOptions,
  checkKey,
  decorate,
  keyOfCall,
  type MethodKey,
  type StoringDecoratorFor,
} from './cached-method.js';

/** The options of `set()`, and the cache. */
export type CachePutOptions = WriteOptions & CacheChoice;

/**
 * Runs the method at each call and stores what it returned, whatever was there before. The call waits for both; when
 * storing fails it rejects, and what the method did stays done.
 *
 * @param key makes the key of the method's parameters; see `@Cacheable`.
 */
export const CachePut = <const K extends MethodKey>(
  key: K,
  options: CachePutOptions = {},
): StoringDecoratorFor<K> => {
  checkKey('@CachePut', key);
  const writeOptions = callOptions(options);
  return decorate(options, async (call) => {
    const cacheKey = keyOfCall(key, call);
    const value = await call.run();
    if (value === undefined)
      throw new TypeError(
        `@CachePut: the method for ${JSON.stringify(cacheKey)} returned undefined; return null to store that there is nothing`,
      );
    await call.cache.set(cacheKey, value, writeOptions);
    return value;
  });
};
