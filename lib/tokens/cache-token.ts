import { Inject } from '@nestjs/common';

/** The injection token of a named cache. Nest shows its `name` when there is no such cache. */
export interface CacheToken {
  (): void;
  readonly cacheName: string;
}

/** One token for a name, as decorators and modules ask for it independently of each other. */
const tokens = new Map<string, CacheToken>();

/** The names that were registered, for the message about one that was not. */
const registered = new Set<string>();

const makeToken = (cacheName: string): CacheToken => {
  const token = Object.assign(() => undefined, { cacheName });
  return Object.defineProperty(token, 'name', {
    get: () => `cache ${JSON.stringify(cacheName)} (${knownNames()}; see CodexRedisModule.registerCache())`,
  });
};

const knownNames = (): string =>
  registered.size === 0
    ? 'none is registered'
    : `registered are ${[...registered].map((name) => JSON.stringify(name)).join(', ')}`;

/** The injection token of a cache made by `CodexRedisModule.registerCache({ name })`. */
export const getCacheToken = (name: string): CacheToken => {
  let token = tokens.get(name);
  if (token === undefined) tokens.set(name, (token = makeToken(name)));
  return token;
};

/** The token of a cache that is being registered. */
export const registerCacheToken = (name: string): CacheToken => {
  registered.add(name);
  return getCacheToken(name);
};

/** Injects a cache made by `CodexRedisModule.registerCache({ name })`. */
export const InjectCache = (name: string): ParameterDecorator & PropertyDecorator =>
  Inject(getCacheToken(name));
