import { setTimeout as pause } from 'node:timers/promises';
import type { CacheService } from '../../lib/cache/cache.service.js';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { type CacheEvents, cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Cache, refreshing ahead', (context) => {
  let cache: CacheService;
  let events: CacheEvents;
  beforeEach(() => {
    cache = context.reading({ refreshAhead: 0.8 });
    events = cacheEvents();
  });
  afterEach(() => events.end());

  const settled = (): Promise<void> => flightsOn(context.store).settled();

  it('RT10 from that part of the timeout on one run begins behind, and all get the present value', async () => {
    await cache.set('k', 'old', 100);
    await context.pass('k', 75);
    const gate = new GatedFactory<string>();
    expect(await cache.getOrSet('k', gate.factory, 100)).toBe('old');
    expect(gate.runs).toBe(0);
    await context.pass('k', 10);
    const callers = Array.from({ length: 50 }, () => cache.getOrSet('k', gate.factory, 100));
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['old']));
    expect(await cache.getOrSet('k', gate.factory, 100)).toBe('old');
    expect(gate.runs).toBe(1);
    gate.open('new');
    await settled();
    expect(await cache.getOrSet('k', failing)).toBe('new');
    expect(await cache.ttl('k')).toBeGreaterThan(90);
    expect(gate.runs).toBe(1);
  });

  it('RT10 the part is one of the timeout the entry got, whatever this call says', async () => {
    const gate = new GatedFactory<string>();
    await cache.set('short', 'old', 10);
    expect(await cache.getOrSet('short', gate.factory, 1000)).toBe('old');
    await cache.set('touched', 'old', 10);
    await cache.touch('touched', 1000);
    await context.pass('touched', 700);
    expect(await cache.getOrSet('touched', gate.factory, 2000)).toBe('old');
    await cache.set('forever', 'old', null);
    expect(await cache.getOrSet('forever', gate.factory, 1)).toBe('old');
    expect(gate.runs).toBe(0);
  });

  it('RT10 what another program has stored is refreshed by the timeout of the call', async () => {
    await context.other.set(context.redisKey('k'), '"foreign"', 15_000);
    expect(await cache.getOrSet<unknown>('k', () => 'made', { timeout: 100 })).toBe('foreign');
    await settled();
    expect(await cache.get('k')).toBe('made');
  });

  it('RT10 an entry that expires during the run is replaced, one that was deleted or written is not', async () => {
    const elsewhere = context.readingElsewhere({ refreshAhead: 0.8 });
    const ends: [() => Promise<unknown>, unknown][] = [
      [() => context.pass('k', 10), 'new'],
      [() => elsewhere.delete('k'), undefined],
      [() => context.other.delete(context.redisKey('k')), undefined],
      [() => elsewhere.set('k', 'newer'), 'newer'],
      [() => elsewhere.set('k', 'old', 100), 'old'],
      [() => context.other.set(context.redisKey('k'), '"foreign"', 60_000), 'foreign'],
    ];
    for (const [end, left] of ends) {
      await cache.set('k', 'old', 100);
      await context.pass('k', 90);
      const gate = new GatedFactory<string>();
      expect(await cache.getOrSet('k', gate.factory, 100)).toBe('old');
      await gate.entered;
      await end();
      gate.open('new');
      await settled();
      expect(await cache.get('k')).toBe(left);
    }
  });

  it('RT10 RT13 keep() gives the present value a new timeout', async () => {
    await cache.set('k', { n: 1 }, 100);
    await context.pass('k', 90);
    let stale: unknown;
    const call = cache.getOrSet<unknown>(
      'k',
      (given) => {
        stale = given.stale;
        return given.keep();
      },
      200,
    );
    expect(await call).toEqual({ n: 1 });
    await settled();
    expect(stale).toEqual({ n: 1 });
    expect(await cache.get('k')).toEqual({ n: 1 });
    expect(await cache.ttl('k')).toBeGreaterThan(150);
  });

  it('RT10 retryAfter may be of a call', async () => {
    await cache.set('k', 'old', 100);
    await context.pass('k', 90);
    let runs = 0;
    const factory = (): Promise<never> => {
      runs++;
      return failing();
    };
    for (let call = 0; call < 2; call++) {
      expect(await cache.getOrSet<unknown>('k', factory, { retryAfter: 0 })).toBe('old');
      await settled();
    }
    expect(runs).toBe(2);
  });

  it('RT14 a run behind that fails is an event, tried again after retryAfter, and no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const clock = new TestClock();
      const trying = context.reading({ refreshAhead: 0.8 }, undefined, clock);
      await trying.set('k', 'old', 100);
      await context.pass('k', 90);
      let runs = 0;
      const factory = (): Promise<never> => {
        runs++;
        return failing();
      };
      for (const ms of [0, 4999, 1]) {
        clock.advance(ms);
        expect(await trying.getOrSet<unknown>('k', factory)).toBe('old');
        await settled();
      }
      expect(runs).toBe(2);
      expect(events.of('refresh')).toEqual(
        [1, 2].map(() => ({ operation: 'refresh', cache: 'default', outcome: 'error', error: 'Error' })),
      );
      await pause(5);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });

  it('RT14 a run behind a stale value that fails is no unhandled rejection either, and stores nothing when fenced', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    try {
      const soft = context.reading({ grace: 3600, softTimeout: 0 });
      await soft.set('k', 'old', 60);
      await context.pass('k', 60);
      let fail: () => void = () => undefined;
      const asked = soft.getOrSet<unknown>('k', () => new Promise<never>((_, reject) => (fail = () => reject(new Error('away'))))); // prettier-ignore
      expect(await asked).toBe('old');
      fail();
      await settled();
      await pause(5);
      expect(unhandled).toEqual([]);
      const gate = new GatedFactory<string>();
      const retrying = context.reading({ grace: 3600, softTimeout: 0 });
      expect(await retrying.getOrSet('k', gate.factory)).toBe('old');
      await retrying.delete('k');
      const second = retrying.getOrSet('k', () => 'second');
      expect(await second).toBe('second');
      gate.open('first');
      await settled();
      expect(await retrying.get('k')).toBe('second');
    } finally {
      process.off('unhandledRejection', listener);
    }
  });
});
