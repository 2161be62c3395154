import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { LockContext } from '../../lib/cache/locks.js';
import { CacheLockError } from '../../lib/errors/cache-lock.error.js';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { recorded, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

const failing = (): Promise<never> => Promise.reject(new RedisConnectionError('Redis is down'));

describeOnEveryStore('RT23 Cache, locks', (context) => {
  const lockKey = (): string => `${context.prefix}:lock:report`;
  const processes = (): ReturnType<typeof context.open>[] => [context.cache, context.open({}, context.other)];

  afterEach(() => jest.restoreAllMocks());

  it('RT23 one holder in all processes, one after the other', async () => {
    let holders = 0;
    let most = 0;
    const turns: number[] = [];
    const work = async (turn: number): Promise<number> => {
      most = Math.max(most, ++holders);
      turns.push(turn);
      for (let step = 0; step < 3; step++) await context.store.has('anything');
      holders--;
      return turn;
    };
    const calls = Array.from({ length: 8 }, (_, turn) =>
      processes()[turn % 2]!.withLock('report', () => work(turn), { wait: '30s' }),
    );
    expect(await Promise.all(calls)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([most, turns.length]).toEqual([1, 8]);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT23 calls of one process queue, and only the first asks the store', async () => {
    const { store, calls } = recorded(context.store);
    const cache = context.open({}, store);
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((turn) =>
        cache.withLock('report', async () => {
          await context.store.has('anything');
          order.push(turn);
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3]);
    expect(calls).toEqual(Array.from({ length: 3 }, () => ['setIfAbsent', 'compareAndDelete']).flat());
  });

  it('RT23 waits at most `wait`, in this process and for another, then CacheLockError', async () => {
    await context.cache.withLock('report', async () => {
      for (const cache of processes())
        for (const wait of [0, '30ms'])
          await expect(cache.withLock('report', () => 'never', { wait })).rejects.toMatchObject({
            name: 'CacheLockError',
            code: 'CODEX_REDIS_CACHE_LOCK',
            lock: 'report',
            reason: 'busy',
          });
    });
    expect(await processes()[1]!.withLock('report', () => 'now', { wait: 0 })).toBe('now');
  });

  it('RT23 another lock, and the same in another cache, is free', async () => {
    await context.cache.withLock('report', async () => {
      expect(await context.cache.withLock('other', () => 1, { wait: 0 })).toBe(1);
      const elsewhere = context.open({ keyPrefix: `${context.prefix}-more` });
      expect(await elsewhere.withLock('report', () => 2, { wait: 0 })).toBe(2);
    });
  });

  it('RT23 is free again when the work failed, with its error', async () => {
    const work = (): never => {
      throw new Error('no');
    };
    await expect(context.cache.withLock('report', work)).rejects.toThrow('no');
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT23 stays until its lease ends when its holder died', async () => {
    await context.store.set(lockKey(), 'the token of a dead process', 10_000);
    await expect(context.cache.withLock('report', () => 1, { wait: 0 })).rejects.toThrow(CacheLockError);
    await context.elapseRedisKey(lockKey(), 10_000);
    expect(await context.cache.withLock('report', () => 1, { wait: 0 })).toBe(1);
  });

  it('RT23 is renewed every third of its lease', async () => {
    const renewed: number[] = [];
    let third: () => void;
    const thrice = new Promise<void>((resolve) => (third = resolve));
    const store = storeWith(context.store, {
      async compareAndExpire(key, token, ttl) {
        const done = await context.store.compareAndExpire(key, token, ttl);
        if (renewed.push(ttl) === 3) third();
        return done;
      },
    });
    await context.open({}, store).withLock(
      'report',
      async ({ signal }) => {
        await thrice;
        expect(signal.aborted).toBe(false);
        expect(await context.store.has(lockKey())).toBe(true);
      },
      { lease: 3 },
    );
    expect(renewed).toEqual([3000, 3000, 3000]);
  });

  it('RT23 a lock that somebody else has now is lost: the signal is aborted, and it is not released', async () => {
    const reasons: unknown[] = [];
    const work = async ({ signal }: LockContext): Promise<string> => {
      await context.store.set(lockKey(), 'the token of somebody else', 10_000);
      reasons.push(await aborted(signal));
      return 'done';
    };
    const lost = { name: 'CacheLockError', lock: 'report', reason: 'lost' };
    await expect(context.cache.withLock('report', work, { lease: 1 })).rejects.toMatchObject(lost);
    expect(reasons).toEqual([expect.objectContaining(lost)]);
    expect(await context.store.get(lockKey())).toBe('the token of somebody else');
  });

  const withFaults = (verbs: Partial<KeyValueStore>): ReturnType<typeof context.open> =>
    context.open({}, storeWith(context.store, verbs));

  it('RT23 never runs unlocked: without Redis it rejects', async () => {
    let runs = 0;
    const call = withFaults({ setIfAbsent: failing }).withLock('report', () => runs++);
    await expect(call).rejects.toThrow(RedisConnectionError);
    expect(runs).toBe(0);
  });

  it('RT23 is lost at the end of its lease where Redis cannot be asked', async () => {
    const cache = withFaults({ compareAndExpire: failing });
    const call = cache.withLock('report', ({ signal }) => aborted(signal), { lease: 1 });
    await expect(call).rejects.toMatchObject({ reason: 'lost' });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['has another holder', () => context.store.set(lockKey(), 'the token of somebody else', 10_000)],
    ['is free', () => context.store.delete(lockKey())],
  ])('RT23 a lock that %s when the work ends was lost, whatever the work gives', async (_, lose) => {
    const call = context.cache.withLock('report', async () => {
      await lose();
      return 'done';
    });
    await expect(call).rejects.toMatchObject({ name: 'CacheLockError', lock: 'report', reason: 'lost' });
  });

  it('RT23 the error of the work is told also where the lock was lost', async () => {
    const call = context.cache.withLock('report', async () => {
      await context.store.delete(lockKey());
      throw new Error('no');
    });
    await expect(call).rejects.toThrow('no');
  });

  it('RT23 a process that stood still for longer than its lease knows of the loss, also where Redis cannot be asked', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const cache = withFaults({ compareAndDelete: failing });
    const standStill = (): string => {
      const now = performance.now();
      jest.spyOn(performance, 'now').mockReturnValue(now + 10_000);
      return 'done';
    };
    await expect(cache.withLock('report', standStill)).rejects.toMatchObject({ reason: 'lost' });
  });

  it('RT23 a lease and a wait may be as long as a timer of Node; a lease of that length is not lost', async () => {
    const work = async ({ signal }: LockContext): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return signal.aborted;
    };
    expect(await context.cache.withLock('report', work, { lease: '24d', wait: '24d' })).toBe(false);
  });

  it('RT23 what cannot be released is warned of, and the result stands', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const cache = withFaults({ compareAndDelete: failing });
    expect(await cache.withLock('report', () => 'done')).toBe('done');
    expect(warn.mock.calls).toEqual([[expect.stringContaining('ends by itself')]]);
  });

  it('RT23 clear() and deletePattern() leave locks alone', async () => {
    await context.cache.withLock('report', async () => {
      await context.cache.set('k', 1);
      expect(await context.cache.clear()).toBe(1);
      expect(await context.cache.deletePattern('*')).toBe(0);
      expect(await context.store.has(lockKey())).toBe(true);
    });
  });

  it.each([
    [{ lease: '999ms' }, 'lease'],
    [{ lease: NaN }, 'lease'],
    [{ lease: 'soon' }, 'lease'],
    [{ lease: '25d' }, 'lease'],
    [{ lease: null as never }, 'lease'],
    [{ wait: '25d' }, 'wait'],
    [{ wait: null as never }, 'wait'],
    [{ wait: -1 }, 'wait'],
    [{ wait: Infinity }, 'wait'],
  ])('RT23 refuses %j', async (options, name) => {
    await expect(context.cache.withLock('report', () => 1, options)).rejects.toThrow(TypeError);
    await expect(context.cache.withLock('report', () => 1, options)).rejects.toThrow(`${name} must be`);
    await expect(context.cache.withLock('', () => 1)).rejects.toThrow('name');
  });

  it.each([null, 10, '10s'])('RT23 refuses %j in place of its options', async (options) => {
    const call = context.cache.withLock('report', () => 1, options as never);
    await expect(call).rejects.toThrow(/^withLock: expected \{ lease, wait \}; got /);
  });
});
