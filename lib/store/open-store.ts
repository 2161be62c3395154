import type { StoreSettings } from '../config/settings.js';
import type { Clock } from './clock.js';
import type { KeyValueStore } from './key-value-store.js';
import { MemoryStore } from './memory/memory-store.js';
import { BorrowedLink } from './redis/borrowed-link.js';
import { ClusterLink } from './redis/cluster-link.js';
import { RedisStore } from './redis/redis-store.js';
import { SentinelLink } from './redis/sentinel-link.js';
import { SingleLink } from './redis/single-link.js';

/** The store of the settings. It opens nothing before its first use. */
export const openStore = (settings: StoreSettings, clock: Clock): KeyValueStore => {
  const { source, ...common } = settings;
  switch (source.kind) {
    case 'memory':
      return new MemoryStore({ clock, maxEntries: source.maxEntries });
    case 'url':
      return new RedisStore(new SingleLink({ url: source.url, ...common }));
    case 'client':
      return new RedisStore(new BorrowedLink({ client: source.client, ...common }));
    case 'cluster':
      return new RedisStore(new ClusterLink({ cluster: source.options, ...common }));
    case 'sentinel':
      return new RedisStore(new SentinelLink({ sentinel: source.options, ...common }));
  }
};
