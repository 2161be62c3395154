import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { resolveSettings } from '../../../lib/config/resolve-settings.js';
import { RedisConnectionError } from '../../../lib/errors/redis.errors.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { Faults } from '../../../lib/testing/faults.js';
import { TestClock } from '../../../lib/testing/test-clock.js';
import {
  CodexRedisThrottlerStorage,
  type ThrottlerStorageOptions,
} from '../../../lib/throttler/codex-redis-throttler.storage.js';
import { cacheEvents } from '../../support/cache-events.js';

describe('CodexRedisThrottlerStorage', () => {
  let clock: TestClock;
  let faults: Faults;
  let store: MemoryStore;
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeEach(() => {
    clock = new TestClock();
    faults = new Faults();
    store = new MemoryStore({ clock });
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => warn.mockRestore());

  const open = (
    options?: ThrottlerStorageOptions,
    settings = resolveSettings({ url: 'memory:', cache: { keyPrefix: 'shop' } }),
  ): CodexRedisThrottlerStorage => new CodexRedisThrottlerStorage(faults.wrap(store), settings, options);

  const hit = (storage: CodexRedisThrottlerStorage): ReturnType<CodexRedisThrottlerStorage['increment']> =>
    storage.increment('k', 60_000, 1, 90_000, 'default');

  it('tells whole seconds, rounded up', async () => {
    const storage = open();
    expect(await hit(storage)).toMatchObject({ totalHits: 1, timeToExpire: 60, isBlocked: false });
    clock.advance(500);
    expect(await hit(storage)).toMatchObject({ isBlocked: true, timeToExpire: 60, timeToBlockExpire: 90 });
    clock.advance(600);
    expect(await hit(storage)).toMatchObject({ isBlocked: true, timeToExpire: 59, timeToBlockExpire: 90 });
  });

  it('refuses while Redis is down, unless told otherwise', async () => {
    faults.failNext();
    await expect(hit(open())).rejects.toThrow(RedisConnectionError);
    expect(warn).not.toHaveBeenCalled();
  });

  it('lets pass where it is told to, and warns once for each outage', async () => {
    const storage = open({ whenUnavailable: 'allow' });
    for (const outage of [1, 2]) {
      faults.failNext({ times: 3 });
      for (let i = 0; i < 3; i++)
        expect(await hit(storage)).toEqual({
          totalHits: 0,
          timeToExpire: 0,
          isBlocked: false,
          timeToBlockExpire: 0,
        });
      expect(warn).toHaveBeenCalledTimes(outage);
      expect((await hit(storage)).totalHits).toBe(outage);
    }
    expect(warn).toHaveBeenLastCalledWith(expect.stringContaining('CODEX_REDIS_CONNECTION'));
  });

  it('SX12 counts apart whatever names and keys are made of', async () => {
    const storage = open();
    const pairs = [
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a%3Ab', 'c'],
      ['a%', '3Ab:c'],
    ] as const;
    for (const [name, key] of pairs)
      expect((await storage.increment(key, 60_000, 5, 0, name)).totalHits).toBe(1);
  });

  it('SX12 refuses a Redis on which nothing names the application', () => {
    const settings = resolveSettings({ url: 'redis://localhost' });
    expect(() => open({}, settings)).toThrow(/^cache\.keyPrefix is required for rate limits/);
  });

  it.each([
    [NaN, 1, 0],
    [1000, NaN, 0],
    [1000, 1, NaN],
    ['1000' as never, 1, 0],
  ])('refuses the rule %p %p %p before anything is counted', async (ttl, limit, block) => {
    await expect(open({ whenUnavailable: 'allow' }).increment('k', ttl, limit, block, 'a')).rejects.toThrow(
      TypeError,
    );
  });

  it.each([
    [{ cache: { keyPrefix: 'shop' } }, 'shop:throttle:default:k'],
    [{ projectName: 'site', secretKey: 's'.repeat(32), session: {} }, 'site:throttle:default:k'],
    [{}, ':throttle:default:k'],
  ])('with %j counts under a key of its own', async (options, key) => {
    await hit(open({}, resolveSettings({ url: 'memory:', ...options })));
    expect(await store.has(key)).toBe(true);
  });

  it.each([['refuse'], ['allow']] as const)(
    'OB1 a hit is an event without its key; a failed one is an error also where %s is the rule',
    async (whenUnavailable) => {
      const storage = open({ whenUnavailable });
      await hit(storage);
      const events = cacheEvents();
      try {
        await hit(storage);
        faults.failNext({ times: 1 }, new RedisConnectionError('down'));
        await hit(storage).catch(() => undefined);
        const of = { operation: 'throttle', cache: 'default' };
        expect(events.of()).toEqual([
          { ...of, outcome: 'done' },
          { ...of, outcome: 'error', error: 'RedisConnectionError' },
        ]);
      } finally {
        events.end();
      }
    },
  );
});
