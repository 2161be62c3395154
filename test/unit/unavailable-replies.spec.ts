import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ErrorReply } from 'redis';
import { CacheService } from '../../lib/cache/cache.service.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { RedisServiceError, RedisUnavailableError } from '../../lib/errors/redis.errors.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { CodexRedisHealth } from '../../lib/store/codex-redis-health.js';
import { MemoryStore } from '../../lib/store/memory/memory-store.js';
import { translateError } from '../../lib/store/redis/connection/translate-error.js';
import { Stores } from '../../lib/store/stores.js';
import { systemClock } from '../../lib/common/clock.js';
import { Faults } from '../../lib/testing/faults.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';

const UNCOUNTED = { totalHits: 0, timeToExpire: 0, isBlocked: false, timeToBlockExpire: 0 };

describe('Redis that answers', () => {
  const settings = resolveSettings({ url: 'memory:', cache: { keyPrefix: 'shop' } });
  const embedded = new MemoryStore();
  const faults = new Faults();
  const store = faults.wrap(embedded);
  const stores = new Stores(() => Promise.resolve(store), systemClock);
  const cache = new CacheService(store, settings.cache, new JsonSerializer());
  const hit = (whenUnavailable: 'refuse' | 'allow') =>
    new CodexRedisThrottlerStorage(store, settings, { whenUnavailable }).increment(
      'k',
      1000,
      1,
      0,
      'default',
    );
  const compute = () => cache.getOrSet('k', () => 'computed', { whenUnavailable: 'compute' });
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeAll(() => stores.forCache(settings.store.reveal()));
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockRestore();
    faults.clear();
  });
  afterAll(() => embedded.close());

  it.each([
    'BUSY',
    'CLUSTERDOWN',
    'LOADING',
    'MASTERDOWN',
    'MISCONF',
    'NOREPLICAS',
    'OOM',
    'READONLY',
    'TRYAGAIN',
    'UNBLOCKED',
  ])(
    'CN2 %s cannot serve now: one typed error, down for health, away for rate limits that allow and for compute',
    async (code) => {
      const error = translateError(new ErrorReply(`${code} and why`));
      expect(error).toBeInstanceOf(RedisUnavailableError);
      expect(error).toBeInstanceOf(RedisServiceError);
      expect(error).toMatchObject({ replyCode: code });
      faults.failNext({ times: Infinity }, error);

      expect(await new CodexRedisHealth(stores).check()).toEqual({
        status: 'down',
        connections: [{ purpose: 'cache', status: 'down', code: 'CODEX_REDIS_UNAVAILABLE' }],
      });
      await expect(hit('refuse')).rejects.toBe(error);
      expect(warn).not.toHaveBeenCalled();
      expect(await hit('allow')).toEqual(UNCOUNTED);
      expect(warn).toHaveBeenLastCalledWith(expect.stringContaining(code));
      await expect(cache.getOrSet('k', () => 'computed')).rejects.toBe(error);
      expect(await compute()).toBe('computed');
    },
  );

  it('CN2 anything else has refused the command, and is passed on', async () => {
    const error = translateError(new ErrorReply('WRONGTYPE Operation against a key'));
    expect(error).toBeInstanceOf(RedisServiceError);
    expect(error).not.toBeInstanceOf(RedisUnavailableError);
    faults.failNext({ times: Infinity }, error);
    await expect(hit('allow')).rejects.toBe(error);
    await expect(compute()).rejects.toBe(error);
  });
});
