import type { RedisSettings } from '../../config/settings.js';
import { ExternalClientLink } from './single/external-client-link.js';
import { ClusterLink } from './cluster/cluster-link.js';
import type { RedisLink } from './link/redis-link.js';
import { RedisStore } from './redis-store.js';
import { SentinelLink } from './sentinel/sentinel-link.js';
import { SingleLink } from './single/single-link.js';

/** The store of the settings on Redis. It opens nothing before its first use. */
export const openRedisStore = (settings: RedisSettings): RedisStore => new RedisStore(linkOf(settings));

const linkOf = ({ source, ...common }: RedisSettings): RedisLink => {
  switch (source.kind) {
    case 'url':
      return new SingleLink({ url: source.url, ...common });
    case 'client':
      return new ExternalClientLink({ client: source.client, ...common });
    case 'cluster':
      return new ClusterLink({ cluster: source.options, ...common });
    case 'sentinel':
      return new SentinelLink({ sentinel: source.options, ...common });
  }
};
