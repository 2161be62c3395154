import type { RedisClientOptions } from 'redis';
import type { StoreSettings } from '../../../lib/config/settings.js';
import { systemClock } from '../../../lib/common/clock.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { Stores } from '../../../lib/store/stores.js';

describe('Stores', () => {
  const settings = (url: string, clientOptions: RedisClientOptions = {}): StoreSettings => ({
    source: url === 'memory:' ? { kind: 'memory', maxEntries: undefined } : { kind: 'url', url },
    clientOptions,
    operationTimeoutMs: 1000,
    connectTimeoutMs: 1000,
  });

  it('lets caches on one Redis share a connection, unless they have client options of their own', async () => {
    const stores = new Stores(() => Promise.resolve(new MemoryStore()), systemClock);
    const [one, same] = await Promise.all([
      stores.forCache(settings('redis://one', { name: 'a' })),
      stores.forCache(settings('redis://one', { name: 'a' })),
    ]);
    expect(same).toBe(one);
    expect(await stores.forCache(settings('redis://one', { name: 'a' }))).toBe(one);
    expect(await stores.forCache(settings('redis://one', { name: 'b' }))).not.toBe(one);
    expect(await stores.forCache(settings('redis://two', { name: 'a' }))).not.toBe(one);
    const embedded = await stores.forCache(settings('memory:'));
    expect(await stores.forCache(settings('memory:', { name: 'a' }))).toBe(embedded);
    expect(await stores.all()).toHaveLength(4);
  });
});
