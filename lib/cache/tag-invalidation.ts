import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';

/**
 * Invalidates the entries of a cache that have one of these tags.
 *
 * @throws ImproperlyConfiguredError for a cache that knows no tags, such as a fake without them.
 */
export const invalidateTags = async (cache: object, tags: readonly string[]): Promise<unknown> => {
  const { invalidateTags: invalidate } = cache as {
    invalidateTags?: (this: object, ...tags: readonly string[]) => Promise<unknown>;
  };
  if (invalidate === undefined)
    throw new ImproperlyConfiguredError('tags: this cache has no invalidateTags(), so knows none');
  return await invalidate.call(cache, ...tags);
};
