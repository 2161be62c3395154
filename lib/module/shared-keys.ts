import type { CacheSettings, StoreSettings } from '../config/settings.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { Stores } from '../store/stores.js';

interface Claim {
  /** The name of the cache in messages. */
  readonly owner: string;
  /** Names of its Redis; two caches with one of them in common are on the same. */
  readonly redis: readonly unknown[];
  readonly cache: CacheSettings;
}

/** The caches of each application, by its stores. */
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
  const claim = { owner, redis: namesOf(source), cache };
  const other = claims.find((each) => share(each, claim));
  if (other !== undefined)
    throw new ImproperlyConfiguredError(
      `${[owner, other.owner].sort().join(' and ')} would share their entries: both have the keyPrefix ` +
        `${JSON.stringify(cache.keyPrefix)} and the version ${cache.version} on one Redis. Give one of them another ` +
        'keyPrefix, or set sharedKeys: true for both',
    );
  claims.push(claim);
};

/** Two caches with one name are another error. */
const share = (one: Claim, other: Claim): boolean =>
  one.owner !== other.owner &&
  one.redis.some((name) => other.redis.includes(name)) &&
  one.cache.keyPrefix === other.cache.keyPrefix &&
  one.cache.version === other.cache.version &&
  !(one.cache.sharedKeys && other.cache.sharedKeys);

/** The same for two urls of one database, whatever else they say. */
const namesOf = (source: StoreSettings['source']): readonly unknown[] => {
  switch (source.kind) {
    case 'memory':
      return ['memory:'];
    case 'url':
      return [databaseOf(new URL(source.url))];
    case 'client':
      return [source.client];
    case 'cluster':
      return source.options.rootNodes.map(({ url, socket }) =>
        url === undefined ? addressOf(Object(socket) as Address) : withoutCredentials(url),
      );
    case 'sentinel': {
      const { name, sentinelRootNodes, nodeClientOptions } = source.options;
      const master = `${name}/${nodeClientOptions?.database ?? 0}`;
      return sentinelRootNodes.map((address) => `${master} of ${addressOf(address)}`);
    }
  }
};

interface Address {
  readonly host?: string;
  readonly port?: number | string;
}

const addressOf = ({ host = 'localhost', port = 6379 }: Address): string => `${host.toLowerCase()}:${port}`;

/** An unreadable url is another error. */
const withoutCredentials = (url: string): string => {
  if (!URL.canParse(url)) return url;
  const { hostname, port } = new URL(url);
  return addressOf({ host: hostname, ...(port !== '' && { port }) });
};

const databaseOf = ({ protocol, hostname, port, pathname, searchParams }: URL): string =>
  protocol === 'unix:'
    ? `${pathname}?${searchParams.get('db') ?? '0'}`
    : `${addressOf({ host: hostname, ...(port !== '' && { port }) })}/${Number(pathname.slice(1))}`;
