import type { StoreSettings } from '../config/settings.js';
import type { Clock } from '../common/clock.js';
import type { KeyValueStore } from './key-value-store.js';
import { MemoryStore } from './memory/memory-store.js';

/** The store of the settings. It opens nothing before its first use. */
export const openStore = async (settings: StoreSettings, clock: Clock): Promise<KeyValueStore> => {
  const { source } = settings;
  if (source.kind === 'memory') return new MemoryStore({ clock, maxEntries: source.maxEntries });
  // node-redis takes longer to load than all else here; who stays in memory does without
  const { openRedisStore } = await import('./redis/open-redis-store.js');
  return openRedisStore({ ...settings, source });
};
