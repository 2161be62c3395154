import type { CacheSettings, StoreSettings } from '../config/settings.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { Stores } from '../store/stores.js';

interface Claim {
  /** What messages call the cache. */
  readonly owner: string;
  readonly redis: unknown;
  readonly cache: CacheSettings;
}

/** Which caches an application has, by its stores. */
const claimsOf = new WeakMap<Stores, Claim[]>();

/**
 * Notes the keys of a cache.
 *
 * @throws ImproperlyConfiguredError when another one of the application has the same on the same Redis, unless both
 *   say that they share them.
 */
export const claimKeys = (
  stores: Stores,
  owner: string,
  cache: CacheSettings,
  { source }: StoreSettings,
): void => {
  const claims = claimsOf.get(stores) ?? [];
  claimsOf.set(stores, claims);
  const claim = { owner, redis: redisOf(source), cache };
  const other = claims.find((each) => share(each, claim));
  if (other !== undefined)
    throw new ImproperlyConfiguredError(
      `${[owner, other.owner].sort().join(' and ')} would share their entries: both have the keyPrefix ` +
        `${JSON.stringify(cache.keyPrefix)} and the version ${cache.version} on one Redis. Give one of them another ` +
        'keyPrefix, or set sharedKeys: true for both',
    );
  claims.push(claim);
};

/** Of two caches by one name another error is told. */
const share = (one: Claim, other: Claim): boolean =>
  one.owner !== other.owner &&
  one.redis === other.redis &&
  one.cache.keyPrefix === other.cache.keyPrefix &&
  one.cache.version === other.cache.version &&
  !(one.cache.sharedKeys && other.cache.sharedKeys);

/** The same for two urls of one database, whatever else they say. */
const redisOf = (source: StoreSettings['source']): unknown => {
  switch (source.kind) {
    case 'memory':
      return 'memory:';
    case 'url':
      return databaseOf(new URL(source.url));
    case 'client':
      return source.client;
    default:
      return source.options;
  }
};

const databaseOf = ({ protocol, hostname, port, pathname, searchParams }: URL): string =>
  protocol === 'unix:'
    ? `${pathname}?${searchParams.get('db') ?? '0'}`
    : `${hostname.toLowerCase()}:${port === '' ? '6379' : port}/${Number(pathname.slice(1))}`;
