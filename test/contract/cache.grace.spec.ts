import { setTimeout as pause } from 'node:timers/promises';
import type { CacheService } from '../../lib/cache/cache.service.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { type CacheEvents, cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const HOUR = 3600;

describeOnEveryStore('Cache, stale values', (context) => {
  let cache: CacheService;
  let elsewhere: CacheService;
  let events: CacheEvents;
  beforeEach(() => {
    cache = context.reading({ grace: HOUR });
    elsewhere = context.readingElsewhere({ grace: HOUR });
    events = cacheEvents();
  });
  afterEach(() => events.end());

  it('RT5 after its timeout an entry is gone for everything but getOrSet, which finds it for the grace', async () => {
    await cache.getOrSet('k', () => ({ n: 1 }), 60);
    expect(await cache.getOrSet<unknown>('k', failing)).toEqual({ n: 1 });
    await context.pass('k', 60);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.has('k')).toBe(false);
    expect(await cache.getMany(['k'])).toEqual(new Map());
    expect(await cache.ttl('k')).toBeUndefined();
    expect(await cache.touch('k')).toBe(false);
    expect(await cache.delete('other')).toBe(false);
    const keys: string[] = [];
    for await (const key of cache.keys()) keys.push(key);
    expect(keys).toEqual([]);
    await context.pass('k', HOUR - 10);
    expect(await cache.getOrSet<unknown>('k', failing)).toEqual({ n: 1 });
    await context.pass('k', 10);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
  });

  const writers: [string, (cache: CacheService) => Promise<unknown>, unknown][] = [
    ['set', (given) => given.set('k', 'set', 60), 'set'],
    ['setMany', (given) => given.setMany({ k: 'many' }, 60), 'many'],
    ['add', (given) => given.add('k', 'added', 60), 'added'],
    ['incr', (given) => given.set('k', 41, 60).then(() => given.incr('k')), 42],
    ['decr', (given) => given.set('k', 41, 60).then(() => given.decr('k')), 40],
  ];

  it.each(writers)(
    'RT5 %s writes the companion too, with the grace of the cache',
    async (_, write, value) => {
      await write(cache);
      await context.pass('k', 60);
      await context.pass('k', HOUR - 10);
      expect(await cache.getOrSet<unknown>('k', failing)).toEqual(value);
      await context.pass('k', 10);
      await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
    },
  );

  const moves: [string, (cache: CacheService) => Promise<unknown>][] = [
    ['touch', (given) => given.touch('k', 120)],
    ['expire', (given) => given.expire('k', 120)],
    ['expireAt', (given) => given.expireAt('k', context.inFuture(120_000))],
    ['persist, then expire', async (given) => [await given.persist('k'), await given.expire('k', 120)]],
  ];

  it.each(moves)('RT5 %s moves the end of the companion', async (_, move) => {
    await cache.set('k', 'old', 10);
    await move(cache);
    await context.pass('k', 110);
    expect(await cache.get('k')).toBe('old');
    await context.pass('k', 10);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('old');
    await context.pass('k', HOUR);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
  });

  it('RT5 incrVersion drops the companions of both versions', async () => {
    await cache.set('k', 'one', 60);
    await cache.set('k', 'two', { timeout: 60, version: 2 });
    await cache.incrVersion('k');
    for (const version of [1, 2]) {
      expect(await context.store.has(context.keptKeys('k', version).grace)).toBe(false);
      await context.elapse('k', 60, version);
      await expect(cache.getOrSet('k', failing, { version })).rejects.toThrow('database away');
    }
  });

  it('RT5 a call may lower the grace, or set 0, for what it finds and for what it stores', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60 + 20);
    await expect(cache.getOrSet('k', failing, { grace: 20 })).rejects.toThrow('database away');
    await expect(cache.getOrSet('k', failing, { grace: 0 })).rejects.toThrow('database away');
    expect(await cache.getOrSet<unknown>('k', failing, { grace: '1m' })).toBe('old');
    await cache.getOrSet('none', () => 1, { timeout: 60, grace: 0 });
    expect(await context.store.has(context.keptKeys('none').grace)).toBe(false);
    await cache.getOrSet('less', () => 1, { timeout: 60, grace: 30 });
    await context.pass('less', 90);
    await expect(cache.getOrSet('less', failing)).rejects.toThrow('database away');
    await expect(cache.getOrSet('k', failing, { grace: HOUR + 1 })).rejects.toThrow(
      new RangeError('grace: expected at most the 3600 seconds of readThrough.grace'),
    );
  });

  it('RT5 what a cache does not do is a TypeError in a call', async () => {
    const plain = context.cache;
    for (const options of [{ grace: 5 }, { refreshAhead: 0.5 }, { softTimeout: 1 }, { retryAfter: 1 }])
      await expect(plain.getOrSet('k', () => 1, options)).rejects.toThrow(
        new RegExp(`^${Object.keys(options).join()}: .*readThrough\\.`),
      );
    await expect(cache.getOrSet('k', () => 1, { refreshAhead: 0.5 })).rejects.toThrow(TypeError);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT6 the factory throws: the stale value, an event that says why, and no second try until retryAfter', async () => {
    const clock = new TestClock();
    const trying = context.reading({ grace: HOUR, retryAfter: 7 }, undefined, clock);
    await trying.set('k', 'old', 60);
    await context.pass('k', 60);
    let runs = 0;
    const factory = (): Promise<never> => {
      runs++;
      return failing();
    };
    expect(await trying.getOrSet<unknown>('k', factory)).toBe('old');
    expect(events.of('getOrSet')).toEqual([
      { operation: 'getOrSet', cache: 'default', outcome: 'stale', reason: 'failed', error: 'Error' },
    ]);
    clock.advance(6999);
    expect(await trying.getOrSet<unknown>('k', factory)).toBe('old');
    expect(runs).toBe(1);
    expect(events.of('getOrSet')[1]).toEqual({
      operation: 'getOrSet',
      cache: 'default',
      outcome: 'stale',
      reason: 'postponed',
    });
    clock.advance(1);
    expect(await trying.getOrSet<unknown>('k', factory)).toBe('old');
    expect(runs).toBe(2);
    clock.advance(7000);
    expect(await trying.getOrSet<unknown>('k', () => 'new', 60)).toBe('new');
    await context.pass('k', 60);
    expect(await trying.getOrSet<unknown>('k', factory)).toBe('new');
    expect(runs).toBe(3);
  });

  it('RT6 what somebody has written meanwhile is tried at once', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('old');
    await elsewhere.set('k', 'newer', 60);
    await context.pass('k', 60);
    expect(await cache.getOrSet<unknown>('k', () => 'made')).toBe('made');
  });

  it('RT6 retryAfter 0 tries at each call; 5 seconds is the default', async () => {
    const clock = new TestClock();
    const [always, usual] = [
      context.reading({ grace: HOUR, retryAfter: 0 }, undefined, clock),
      context.reading({ grace: HOUR }, undefined, clock),
    ];
    await always.set('k', 'old', 60);
    await context.pass('k', 60);
    let runs = 0;
    const factory = (): Promise<never> => {
      runs++;
      return failing();
    };
    for (let call = 0; call < 3; call++) await always.getOrSet<unknown>('k', factory);
    expect(runs).toBe(3);
    await usual.getOrSet<unknown>('k', factory);
    clock.advance(4999);
    await usual.getOrSet<unknown>('k', factory);
    expect(runs).toBe(4);
    clock.advance(1);
    await usual.getOrSet<unknown>('k', factory);
    expect(runs).toBe(5);
  });

  it('RT6 a clock that is set back does not keep the factory from being tried', async () => {
    const clock = new TestClock();
    const one = context.reading({ grace: HOUR, retryAfter: 5 }, undefined, clock);
    await one.set('k', 'old', 60);
    await context.pass('k', 60);
    await one.getOrSet<unknown>('k', failing);
    clock.advance(-HOUR * 1000);
    expect(await one.getOrSet<unknown>('k', () => 'made')).toBe('made');
  });

  it.each(['timeout', 'tags'])(
    'RT6 %s that throws, as a function of the value, counts as the factory',
    async (name) => {
      const one = context.tagged({ grace: HOUR });
      await one.set('k', 'old', 60);
      await context.pass('k', 60);
      let runs = 0;
      const call = (): Promise<unknown> =>
        one.getOrSet<unknown>('k', () => ++runs, {
          [name]: () => {
            throw new Error('no such field');
          },
        });
      expect([await call(), await call(), runs]).toEqual(['old', 'old', 1]);
    },
  );

  it('RT2 RT6 a factory beyond factoryTimeout counts as one that throws', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    let signal: AbortSignal | undefined;
    const never = ({ signal: given }: { signal: AbortSignal }): Promise<never> => {
      signal = given;
      return new Promise(() => undefined);
    };
    expect(await cache.getOrSet<unknown>('k', never, { factoryTimeout: '20ms' })).toBe('old');
    expect(signal?.aborted).toBe(true);
    expect(events.of('getOrSet')).toMatchObject([{ reason: 'failed', error: 'CacheFactoryTimeoutError' }]);
    expect(JSON.stringify(events.all)).not.toContain('"k"');
  });

  it('RT7 the factory takes longer than softTimeout: the stale value now, and the run continues in the background', async () => {
    const soft = context.reading({ grace: HOUR, softTimeout: '20ms' });
    await soft.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await soft.getOrSet('k', gate.factory, 60)).toBe('old');
    expect(events.of('getOrSet')).toMatchObject([{ outcome: 'stale', reason: 'slow' }]);
    expect(await Promise.all([soft.getOrSet('k', gate.factory), soft.getOrSet('k', gate.factory)])).toEqual([
      'old',
      'old',
    ]);
    expect(gate.runs).toBe(1);
    gate.open('new');
    while ((await soft.get('k')) === undefined) await pause(1);
    expect(await soft.getOrSet('k', gate.factory)).toBe('new');
    expect(gate.runs).toBe(1);
  });

  it('RT7 0 is at once; a factory in time gives its value; without a stale one all wait', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await cache.getOrSet('k', gate.factory, { softTimeout: 0 })).toBe('old');
    const patient = cache.getOrSet('k', gate.factory, { softTimeout: '20s' });
    gate.open('new');
    expect(await patient).toBe('new');
    expect(gate.runs).toBe(1);
    const cold = new GatedFactory<string>();
    const asked = cache.getOrSet('cold', cold.factory, { softTimeout: 0 });
    await cold.entered;
    await pause(2);
    cold.open('made');
    expect(await asked).toBe('made');
  });

  it.each([-1, NaN, 'soon', '25 days', {}])('RT7 a softTimeout of %p is a TypeError', async (softTimeout) => {
    const call = cache.getOrSet('k', () => 1, { softTimeout: softTimeout as number });
    await expect(call).rejects.toThrow(/^softTimeout: expected seconds from 0/);
  });

  const endings: [string, (cache: CacheService) => Promise<unknown>][] = [
    ['delete', (given) => given.delete('k')],
    ['deleteMany', (given) => given.deleteMany(['other', 'k'])],
    ['clear', (given) => given.clear()],
    ['deletePattern', (given) => given.deletePattern('k*')],
    ['deletePattern with a class', (given) => given.deletePattern('[jk]')],
    ['touch with 0', (given) => given.touch('k', 0)],
    ['expireAt in the past', (given) => given.expireAt('k', new Date(0))],
    ['set with 0', (given) => given.set('k', 'x', 0)],
    ['setMany with 0', (given) => given.setMany({ k: 'x' }, 0)],
  ];

  it.each(endings)('RT8 nothing stale is served after %s, by whichever process', async (_, end) => {
    for (const ending of [cache, elsewhere]) {
      await cache.set('k', 'old', 60);
      await context.pass('k', 60);
      await end(ending);
      await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
      await expect(elsewhere.getOrSet('k', failing)).rejects.toThrow('database away');
      await cache.set('k', 'standing', 60);
      await end(ending);
      await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
    }
    await cache.delete('k');
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT8 after a set the newer value is the stale one', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    await elsewhere.set('k', 'new', 60);
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('new');
    await context.pass('k', 60);
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('new');
  });

  it.each(endings)(
    'RT8 a stale value is looked at again before it leaves: not after %s meanwhile',
    async (_, end) => {
      await cache.set('k', 'old', 60);
      await context.pass('k', 60);
      let fail: (error: Error) => void = () => undefined;
      let entered: () => void = () => undefined;
      const running = new Promise<void>((resolve) => (entered = resolve));
      const asked = cache.getOrSet('k', () => {
        entered();
        return new Promise<never>((__, reject) => (fail = reject));
      });
      await running;
      await end(elsewhere);
      fail(new Error('database away'));
      await expect(asked).rejects.toThrow('database away');
    },
  );

  it('RT8 a slow run whose value was deleted meanwhile is waited for, and stores nothing', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    const asked = cache.getOrSet('k', gate.factory, { softTimeout: '30ms' });
    await gate.entered;
    await elsewhere.delete('k');
    await pause(40);
    gate.open('late');
    expect(await asked).toBe('late');
    expect(await context.redisKeys()).toEqual([]);
  });

  it('RT8 a call that joins a flight takes no stale value that was found before it began', async () => {
    const sent = new GatedFactory<undefined>();
    let looks = 0;
    const { store } = context;
    const slow = storeWith(store, {
      lookUpKept: async (...args) => {
        const found = await store.lookUpKept(...args);
        if (++looks === 2) await sent.factory();
        return found;
      },
    });
    const watched = context.reading({ grace: HOUR }, slow);
    await watched.set('k', 'old', 60);
    await context.pass('k', 60);
    const first = watched.getOrSet<unknown>('k', failing);
    await sent.entered;
    await elsewhere.delete('k');
    const joined = watched.getOrSet<unknown>('k', () => 'made');
    sent.open(undefined);
    expect(await first).toBe('old');
    expect(await joined).toBe('made');
  });

  it('RT8 a call that joins a flight whose run has landed is not given what that made before it began', async () => {
    const look = new GatedFactory<undefined>();
    let looks = 0;
    const { store } = context;
    const slow = storeWith(store, {
      lookUpKept: async (...args) => {
        if (++looks === 2) await look.factory();
        return store.lookUpKept(...args);
      },
    });
    const watched = context.reading({ grace: HOUR, softTimeout: 0 }, slow);
    await watched.set('k', 'old', 60);
    await context.pass('k', 60);
    const run = new GatedFactory<undefined>();
    const first = watched.getOrSet<unknown>('k', async ({ keep }) => {
      await run.factory();
      return keep();
    });
    await look.entered;
    run.open(undefined);
    while ((await elsewhere.get('k')) === undefined);
    await elsewhere.delete('k');
    const joined = watched.getOrSet<unknown>('k', () => 'made');
    look.open(undefined);
    expect(await first).toBe('old');
    expect(await joined).toBe('made');
  });

  it('RT8 a foreign delete is noticed where a getOrSet looks before the end of the entry', async () => {
    await cache.set('k', 'old', 60);
    await context.other.delete(context.redisKey('k'));
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
    await context.pass('k', 60);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
  });

  it('RT8 a foreign set is noticed where a publication meets it', async () => {
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    const asked = cache.getOrSet('k', gate.factory);
    await gate.entered;
    await context.other.set(context.redisKey('k'), '"foreign"', 60_000);
    gate.open('mine');
    expect(await asked).toBe('foreign');
    await context.elapse('k', 60);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
  });

  it('RT13 the factory sees the stale value, and keep() renews it', async () => {
    const value = { name: 'größer 🙂' };
    await cache.set('k', value, 60);
    await context.pass('k', 60);
    const kept = await cache.getOrSet<unknown>(
      'k',
      ({ stale, keep }) => {
        expect(stale).toEqual(value);
        return keep();
      },
      90,
    );
    expect(kept).toEqual(value);
    expect(await cache.get('k')).toEqual(value);
    expect(await cache.ttl('k')).toBeGreaterThan(80);
    await context.pass('k', 90);
    expect(await cache.getOrSet<unknown>('k', failing)).toEqual(value);
  });

  it('RT13 keep() counts whatever is returned after it; a stale null is a value', async () => {
    await cache.set('k', null, 60);
    await context.pass('k', 60);
    const kept = await cache.getOrSet<unknown>('k', (given) => {
      expect(given.stale).toBeNull();
      given.keep() as unknown;
      return 'other';
    });
    expect(kept).toBeNull();
    expect(await cache.get('k', 'none')).toBeNull();
  });

  it('RT13 keep() without a stale value is a TypeError, in every cache', async () => {
    for (const given of [cache, context.cache])
      await expect(
        given.getOrSet('k', ({ stale, keep }) => {
          expect(stale).toBeUndefined();
          return keep();
        }),
      ).rejects.toThrow(/^keep\(\): there is no stale value/);
  });

  it('RT13 what was deleted or written meanwhile is not brought back by keep()', async () => {
    for (const end of [() => elsewhere.delete('k'), () => elsewhere.set('k', 'newer', 60)]) {
      await cache.set('k', 'old', 60);
      await context.pass('k', 60);
      await cache.getOrSet<unknown>('k', async ({ keep }) => {
        await end();
        return keep();
      });
      expect(await cache.get('k')).not.toBe('old');
    }
    expect(await cache.get('k')).toBe('newer');
  });

  it('RT13 skip() gives the value to the callers and stores nothing, in every cache', async () => {
    for (const given of [cache, context.cache]) {
      expect(await given.getOrSet('k', (run) => run.skip([1]))).toEqual([1]);
      expect(
        await given.getOrSet('k', async (run) => {
          run.skip(undefined);
          await pause(1);
          return 'unstored';
        }),
      ).toBe('unstored');
      expect(await context.redisKeys()).toEqual([]);
    }
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    expect(await cache.getOrSet<unknown>('k', ({ skip }) => skip('other'))).toBe('other');
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('old');
  });

  it('RT5 an unreadable stale value is none, and is replaced', async () => {
    await context.store.writeKept(context.keptKeys('k'), {
      value: 'gzip:H4sIA',
      ttl: 60_000,
      grace: 60_000,
      over: { kind: 'anything' },
    });
    await context.pass('k', 60);
    await expect(cache.getOrSet('k', failing)).rejects.toThrow('database away');
    expect(await cache.getOrSet('k', ({ stale }) => [stale === undefined])).toEqual([true]);
    expect(await cache.get('k')).toEqual([true]);
  });
});
