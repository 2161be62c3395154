import { isDeepStrictEqual } from 'node:util';
import type { StoreSettings } from '../config/settings.js';
import type { Clock } from '../common/clock.js';
import type { KeyValueStore } from './key-value-store.js';

/** Makes the store of a StoreSettings; opens nothing yet. */
export type StoreOpener = (settings: StoreSettings, clock: Clock) => Promise<KeyValueStore>;

/**
 * Every store of an application: one for all caches on the same Redis, and one of its own for the sessions, so that
 * large cache replies do not hold them up.
 */
export class Stores {
  readonly #caches: { readonly settings: StoreSettings; readonly store: Promise<KeyValueStore> }[] = [];
  #sessions: Promise<KeyValueStore> | undefined;

  constructor(
    private readonly open: StoreOpener,
    private readonly clock: Clock,
  ) {}

  /** The store that all caches with this source share. */
  forCache(settings: StoreSettings): Promise<KeyValueStore> {
    const known = this.#caches.find((cache) => isSameSource(cache.settings, settings));
    if (known !== undefined) return known.store;
    const store = this.open(settings, this.clock);
    this.#caches.push({ settings, store });
    return store;
  }

  forSessions(settings: StoreSettings): Promise<KeyValueStore> {
    this.#sessions ??= this.open(settings, this.clock);
    return this.#sessions;
  }

  /** The stores that are in use, each with what it is for. */
  async all(): Promise<readonly (readonly [purpose: 'cache' | 'session', store: KeyValueStore])[]> {
    const caches = this.#caches.map(async ({ store }) => ['cache', await store] as const);
    const sessions = this.#sessions?.then((store) => ['session', store] as const);
    return Promise.all(sessions === undefined ? caches : [...caches, sessions]);
  }

  /** @throws RedisConnectionError when one of them cannot be reached. */
  async connect(): Promise<void> {
    await Promise.all((await this.all()).map(([, store]) => store.connect()));
  }

  async close(): Promise<void> {
    await Promise.all((await this.all()).map(([, store]) => store.close()));
  }
}

const isSameSource = (one: StoreSettings, other: StoreSettings): boolean =>
  identityOf(one) === identityOf(other) &&
  (one.source.kind !== 'url' || isDeepStrictEqual(one.clientOptions, other.clientOptions));

const identityOf = ({ source }: StoreSettings): unknown => {
  switch (source.kind) {
    case 'memory':
      return 'memory:';
    case 'url':
      return source.url;
    case 'client':
      return source.client;
    default:
      return source.options;
  }
};
