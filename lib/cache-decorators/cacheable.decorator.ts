import { GET_OR_SET_OPTIONS } from '../cache/call-options.js';
import type { GetOrSetOptions } from '../cache/read-through/get-or-set-options.js';
import {
  type CacheChoice,
  callOptions,
  checkDecoratorOptions,
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
 * Answers calls of an asynchronous method from the cache. If there is no entry, the method runs and its value is
 * stored. It works like `getOrSet()`: concurrent calls for one key share a run, `null` is stored, and `undefined` or a
 * value that is not JSON is a TypeError. While the cache is not available, the call rejects.
 *
 * `@Cacheable((id: number) => ['product', id], { timeout: '10m' })`
 *
 * Nest must create the class. A call on another instance rejects with ImproperlyConfiguredError.
 *
 * @param key makes the key from the method's parameters. Parts of a list are encoded, so different lists never make the
 *   same key.
 */
export const Cacheable = <const K extends MethodKey>(
  key: K,
  options: CacheableOptions = {},
): StoringDecoratorFor<K> => {
  checkKey('@Cacheable', key);
  checkDecoratorOptions({ Cacheable }, 'Cacheable', GET_OR_SET_OPTIONS.names, options);
  // the value that a function of it gets is the method's own
  const getOrSetOptions = callOptions(options) as GetOrSetOptions;
  return decorate(options, (call) => {
    const cacheKey = keyOfCall(key, call);
    return storing(call, cacheKey, () => call.cache.getOrSet(cacheKey, () => call.run(), getOrSetOptions));
  });
};
