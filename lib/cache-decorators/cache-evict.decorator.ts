import { VERSION_OPTIONS, type VersionOptions } from '../cache/call-options.js';
import { invalidateTags } from '../cache/tag-invalidation.js';
import { tagList } from '../cache/tags/tag-list.js';
import { describeValue } from '../common/describe-value.js';
import { syncResult } from '../common/sync-result.js';
import {
  type CacheChoice,
  checkDecoratorOptions,
  decorate,
  keyOfCall,
  type MethodCall,
  type MethodDecoratorFor,
  type MethodKey,
} from './cached-method.js';

/** Makes tags from the method's parameters. It may have fewer parameters; declare their types. */
export type MethodTags = (...parameters: never[]) => readonly string[];

/** Entries with one of these tags, in a cache with tags. */
export interface EvictTags<T extends readonly string[] | MethodTags = readonly string[] | MethodTags> {
  readonly tags: T;
}

/** All entries of the cache, in every version. */
export interface EvictAll {
  readonly all: true;
}

/** The version of the entry, and the cache. */
export type CacheEvictOptions = VersionOptions & CacheChoice;

/**
 * Runs the method. After it has succeeded, deletes an entry, all entries with a tag, or all entries. The call waits for
 * both. If the delete fails, the call rejects, and the method's work stays done.
 *
 * `@CacheEvict((id: number) => ['product', id])`, `@CacheEvict({ tags: (id: number) => [`product:${id}`] })`,
 * `@CacheEvict({ all: true })`
 */
export function CacheEvict<const K extends MethodKey>(
  key: K,
  options?: CacheEvictOptions,
): MethodDecoratorFor<K>;
export function CacheEvict<const T extends readonly string[] | MethodTags>(
  what: EvictTags<T>,
  options?: CacheChoice,
): MethodDecoratorFor<T extends MethodTags ? T : () => unknown>;
export function CacheEvict(what: EvictAll, options?: CacheChoice): MethodDecoratorFor<() => unknown>;
export function CacheEvict(
  what: MethodKey | EvictTags | EvictAll,
  options: CacheEvictOptions = {},
): MethodDecoratorFor<() => unknown> {
  const names = typeof what === 'function' ? VERSION_OPTIONS.names : [];
  checkDecoratorOptions({ CacheEvict }, 'CacheEvict', names, options);
  const evictionOf = evictionBy(what, options.version);
  return decorate(options, async (call) => {
    // before the method, which may change what it was given
    const evict = evictionOf(call);
    const value = await call.run();
    await evict();
    return value;
  });
}

type Eviction = () => Promise<unknown>;

const evictionBy = (
  what: MethodKey | EvictTags | EvictAll,
  version: number | undefined,
): ((call: MethodCall) => Eviction) => {
  if (typeof what === 'function')
    return (call) => {
      const key = keyOfCall(what, call);
      return () => call.cache.delete(key, { version });
    };
  if (isTags(what)) {
    const { tags } = what;
    if (typeof tags !== 'function') tagList(tags, true);
    return (call) => {
      const named = tagList(
        typeof tags === 'function' ? syncResult(tags(...(call.parameters as never[]))) : tags,
        true,
      );
      return () => invalidateTags(call.cache, named ?? []);
    };
  }
  if ((what as Partial<EvictAll> | null | undefined)?.all === true) return (call) => () => call.cache.clear();
  throw new TypeError(
    `@CacheEvict: expected a function that makes the key, { tags } or { all: true }, got ${describeValue(what)}`,
  );
};

const isTags = (what: object | null | undefined): what is EvictTags =>
  typeof what === 'object' &&
  what !== null &&
  'tags' in what &&
  (typeof what.tags === 'function' || Array.isArray(what.tags));
