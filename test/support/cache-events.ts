import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNEL = 'nestjs-codex-redis:cache';

/** What caches of this process tell from now on. */
export interface CacheEvents {
  readonly all: unknown[];
  end(): void;
}

export const cacheEvents = (): CacheEvents => {
  const all: unknown[] = [];
  const listener = (event: unknown): void => void all.push(event);
  subscribe(CHANNEL, listener);
  return { all, end: () => void unsubscribe(CHANNEL, listener) };
};
