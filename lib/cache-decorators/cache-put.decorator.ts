import type { Cache } from '../cache/cache.js';
import { WRITE_OPTIONS, type WriteOptions } from '../cache/call-options.js';
import { refusedValue } from '../cache/refused-value.js';
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

/** The options of `set()`, and the cache. */
export type CachePutOptions = WriteOptions & CacheChoice;

/**
 * Runs the method at each call and stores its value. The call waits for both. If storing fails, the call rejects, and
 * the method's work stays done.
 *
 * @param key makes the key from the method's parameters; see `@Cacheable`.
 */
export const CachePut = <const K extends MethodKey>(
  key: K,
  options: CachePutOptions = {},
): StoringDecoratorFor<K> => {
  checkKey('@CachePut', key);
  checkDecoratorOptions({ CachePut }, 'CachePut', WRITE_OPTIONS.names, options);
  const writeOptions = callOptions(options);
  return decorate(options, async (call) => {
    const cacheKey = keyOfCall(key, call);
    const value = await call.run();
    await storing(call, cacheKey, () => put(call.cache, cacheKey, value, writeOptions));
    return value;
  });
};

const put = async (cache: Cache, key: string, value: unknown, options: WriteOptions): Promise<void> => {
  if (value === undefined)
    throw refusedValue(
      key,
      `@CachePut: the method for ${JSON.stringify(key)} returned undefined; return null to store that there is nothing`,
    );
  await cache.set(key, value, options);
};
