import type { GetOrSetOptions } from '../cache/read-through/get-or-set-options.js';
import {
  type CacheChoice,
  callOptions,
  checkKey,
  decorate,
  keyOfCall,
  type MethodKey,
  storing,
  type StoringDecoratorFor,
} from './cached-method.js';

/** The options of `getOrSet()`, and the cache. */
export type CacheableOptions = GetOrSetOptions<never> & CacheChoice;

/**
 * Answers calls of an asynchronous method from the cache; where there is no entry, the method runs and what it
 * returns is stored. All is as with `getOrSet()`: concurrent calls for one key share a run, `null` is stored,
 * `undefined` and values that are not JSON are a TypeError. While the cache is not available, the call rejects.
 *
 * `@Cacheable((id: number) => ['product', id], { timeout: '10m' })`
 *
 * The class must be made by Nest. A call on an instance that was made otherwise rejects with
 * ImproperlyConfiguredError.
 *
 * @param key makes the key of the method's parameters; parts of a list are encoded, so that no two lists meet.
 */
export const Cacheable = <const K extends MethodKey>(
  key: K,
  options: CacheableOptions = {},
): StoringDecoratorFor<K> => {
  checkKey('@Cacheable', key);
  // the value that a function of it gets is the method's own
  const getOrSetOptions = callOptions(options) as GetOrSetOptions;
  return decorate(options, (call) => {
    const cacheKey = keyOfCall(key, call);
    return storing(call, cacheKey, () => call.cache.getOrSet(cacheKey, () => call.run(), getOrSetOptions));
  });
};
