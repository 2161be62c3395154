import { ignore } from '../common/ignore.js';
import type { KeyValueStore } from '../store/key-value-store.js';
import type { KeySelection } from './cache-keys.js';
import type { StoredEntries } from './stored/stored-entries.js';

/** Walks over the cache keys of what is selected. */
export async function* selectedKeys(
  store: Pick<KeyValueStore, 'scan'>,
  selection: KeySelection,
): AsyncGenerator<string, void, undefined> {
  for await (const page of store.scan(selection.glob))
    for (const redisKey of page) {
      const key = selection.keyOf(redisKey);
      // an empty one is another writer's, and no call would take it
      if (key !== undefined && key !== '') yield key;
    }
}

/**
 * Deletes what is selected; how many there were. The next page is looked for while this one is being deleted, and
 * no more than these two are held.
 */
export const deleteSelected = async (
  entries: Pick<StoredEntries, 'scan' | 'deleteMany'>,
  selection: KeySelection,
): Promise<number> => {
  let deleted = 0;
  let deleting: Promise<number> = Promise.resolve(0);
  for await (const page of entries.scan(selection.glob)) {
    deleted += await deleting;
    deleting = entries.deleteMany(page.filter((redisKey) => selection.keyOf(redisKey) !== undefined));
    // A failure is awaited with the next page; until then it must not count as unhandled.
    deleting.catch(ignore);
  }
  return deleted + (await deleting);
};
