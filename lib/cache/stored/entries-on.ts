import type { KeyValueStore } from '../../store/key-value-store.js';
import type { CacheServiceSettings } from '../cache-settings.js';
import { companionOf, companionsOf, NO_READ_THROUGH } from '../read-through/get-or-set-options.js';
import { Tags } from '../tags/tags.js';
import { EntriesWithCompanions } from './entries-with-companions.js';
import { PlainEntries } from './plain-entries.js';
import type { StoredEntries } from './stored-entries.js';
import { TaggedEntries } from './tagged-entries.js';

/** The entries of a cache, with the companions that it needs and no others. */
export const entriesOn = (
  store: KeyValueStore,
  { keyPrefix, readThrough = NO_READ_THROUGH, tags = false }: CacheServiceSettings,
): StoredEntries => {
  const grace = companionOf(readThrough);
  const words = companionsOf(readThrough);
  if (tags)
    return new TaggedEntries(store, keyPrefix, grace, ['tokens', ...words], new Tags(store, keyPrefix));
  const [first, ...others] = words;
  return first === undefined
    ? new PlainEntries(store)
    : new EntriesWithCompanions(store, keyPrefix, grace, [first, ...others]);
};
