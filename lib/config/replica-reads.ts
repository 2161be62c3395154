import type { CacheSettings, StoreSettings, StoreSource } from './settings.js';

/** The sources without replicas that were made, by the options they were made of: stores are told apart by these. */
const masterSources = new WeakMap<object, StoreSource>();

/** The same Redis, where masters serve every read. */
export const readingMasters = (source: StoreSource): StoreSource => {
  if (!readsReplicas(source)) return source;
  const known = masterSources.get(source.options);
  if (known !== undefined) return known;
  const made: StoreSource =
    source.kind === 'cluster'
      ? { kind: 'cluster', options: { ...source.options, useReplicas: false } }
      : { kind: 'sentinel', options: { ...source.options, replicaPoolSize: 0 } };
  masterSources.set(source.options, made);
  return made;
};

/**
 * The store of a cache. A replica may lack what was written a moment ago: where a cache compares an entry with something
 * beside it, an invalidated value would be served again.
 */
export const storeOfCache = (
  store: StoreSettings,
  { tags, readThrough: { grace, refreshAhead, singleFlight } }: CacheSettings,
): StoreSettings =>
  tags || grace > 0 || refreshAhead !== undefined || singleFlight !== undefined
    ? { ...store, source: readingMasters(store.source) }
    : store;

const readsReplicas = (
  source: StoreSource,
): source is Extract<StoreSource, { readonly kind: 'cluster' | 'sentinel' }> =>
  (source.kind === 'cluster' && source.options.useReplicas === true) ||
  (source.kind === 'sentinel' && (source.options.replicaPoolSize ?? 0) > 0);
