import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import {
  RedisConnectionError,
  RedisServiceError,
  RedisUnavailableError,
} from '../../lib/errors/redis.errors.js';
import { Faults, type StoreVerb } from '../../lib/testing/faults.js';
import { type CacheEvents, cacheEvents } from '../support/cache-events.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Cache, reading through', (context) => {
  it('RT11 jitter only shortens, by a part at most', async () => {
    const cache = context.reading({ jitter: 0.1 });
    const random = jest.spyOn(Math, 'random');
    try {
      const ttls: number[] = [];
      for (const drawn of [0, 0.5, 0.999_999]) {
        random.mockReturnValue(drawn);
        await cache.getOrSet(`k${drawn}`, () => 1, 1000);
        ttls.push((await cache.ttl(`k${drawn}`)) ?? 0);
      }
      expect(ttls.map((ttl) => Math.ceil(ttl / 10))).toEqual([100, 95, 90]);
      random.mockReturnValue(0.5);
      await cache.getOrSet('forever', () => 1, null);
      expect(await cache.ttl('forever')).toBeNull();
      await cache.getOrSet('of the call', () => 1, { timeout: 1000, jitter: 0 });
      expect(Math.ceil(((await cache.ttl('of the call')) ?? 0) / 10)).toBe(100);
      await cache.set('by set', 1, 1000);
      expect(Math.ceil(((await cache.ttl('by set')) ?? 0) / 10)).toBe(100);
    } finally {
      random.mockRestore();
    }
  });

  it('RT12 null gets the nullTimeout, of the call or of the cache', async () => {
    const cache = context.reading({ nullTimeout: '30s' });
    await cache.getOrSet('k', () => null, 600);
    expect(await cache.ttl('k')).toBeLessThanOrEqual(30);
    expect(await cache.ttl('k')).toBeGreaterThan(20);
    await cache.getOrSet('zero', () => 0, 600);
    expect(await cache.ttl('zero')).toBeGreaterThan(500);
    await cache.getOrSet('call', () => null, { timeout: 600, nullTimeout: null });
    expect(await cache.ttl('call')).toBeNull();
    expect(await cache.getOrSet('none', () => null, { nullTimeout: 0 })).toBeNull();
    expect(await cache.has('none')).toBe(false);
  });

  it('RT22 the timeout may be a function of the value', async () => {
    const { cache } = context;
    const timeout = ({ seconds }: { seconds: number }): number => seconds;
    for (const seconds of [60, 600, 0]) {
      const value = await cache.getOrSet(`k${seconds}`, () => ({ seconds }), { timeout });
      expect(value).toEqual({ seconds });
    }
    expect(await cache.ttl('k60')).toBeLessThanOrEqual(60);
    expect(await cache.ttl('k600')).toBeGreaterThan(500);
    expect(await cache.has('k0')).toBe(false);
    await cache.getOrSetMany(['a', 'b'], () => ({ a: 60, b: 600 }), { timeout: (value) => value });
    expect(await cache.ttl('a')).toBeLessThanOrEqual(60);
    expect(await cache.ttl('b')).toBeGreaterThan(500);
    await expect(cache.getOrSet('k', () => 1, { timeout: () => NaN })).rejects.toThrow(/^timeout: expected/);
    expect(await cache.has('k')).toBe(false);
  });

  it('RT1 unknown and senseless options are a TypeError before anything is sent', async () => {
    const wrong: [object, RegExp][] = [
      [{ ttl: 5 }, /^timeout: expected .* got an object with "ttl"/],
      [{ jitter: 1 }, /^jitter: expected a number from 0 to below 1/],
      [{ nullTimeout: 'soon' }, /^nullTimeout: expected seconds/],
      [{ whenUnavailable: 'ignore' }, /^whenUnavailable: expected one of compute/],
    ];
    for (const [options, message] of wrong)
      await expect(context.cache.getOrSet('k', failing, options)).rejects.toThrow(message);
  });

  it('RT15 a run over nothing stores only where nothing was stored meanwhile', async () => {
    const cache = context.reading({ grace: 3600 });
    const elsewhere = context.readingElsewhere({ grace: 3600 });
    const gate = new GatedFactory<string>();
    const asked = cache.getOrSet('k', gate.factory);
    await gate.entered;
    await elsewhere.set('k', 'newer', 60);
    await context.pass('k', 60);
    gate.open('late');
    expect(await asked).toBe('late');
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet<unknown>('k', failing)).toBe('newer');
  });

  it('RT15 a run over a stale text undoes no write and no delete, of whichever process', async () => {
    const cache = context.reading({ grace: 3600 });
    const elsewhere = context.readingElsewhere({ grace: 3600 });
    const key = context.redisKey('k');
    const meanwhile: [() => Promise<unknown>, unknown][] = [
      [() => elsewhere.set('k', 'newer'), 'newer'],
      [() => elsewhere.set('k', 'old'), 'old'],
      [() => elsewhere.add('k', 'added'), 'added'],
      [() => elsewhere.delete('k'), undefined],
      [() => elsewhere.clear(), undefined],
      [() => elsewhere.set('k', 'gone', 60).then(() => context.pass('k', 60)), undefined],
      [() => context.other.set(key, '"foreign"', 60_000), 'foreign'],
      [() => Promise.resolve(), 'made'],
    ];
    for (const [write, left] of meanwhile) {
      await cache.set('k', 'old', 60);
      await context.pass('k', 60);
      const gate = new GatedFactory<string>();
      const asked = cache.getOrSet('k', gate.factory);
      await gate.entered;
      await write();
      gate.open('made');
      expect(await asked).toBe(left ?? 'made');
      expect(await cache.get('k')).toBe(left);
    }
  });

  it('RT15 a run over an unreadable text is stored over that text only', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const cache = context.reading({ grace: 3600 });
    const key = context.redisKey('k');
    try {
      for (const [write, left] of [
        [() => context.other.set(key, '"foreign"', null), 'foreign'],
        [() => context.other.delete(key), undefined],
        [() => Promise.resolve(), 'made'],
      ] as const) {
        await context.store.set(key, 'gzip:H4sIA', null);
        const gate = new GatedFactory<string>();
        const asked = cache.getOrSet('k', gate.factory);
        await gate.entered;
        await write();
        gate.open('made');
        expect(await asked).toBe(left ?? 'made');
        expect(await cache.get('k')).toBe(left);
      }
    } finally {
      warn.mockRestore();
    }
  });
});

describeOnEveryStore('Cache, reading through while Redis is down', (context) => {
  let faults: Faults;
  let events: CacheEvents;
  let warn: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    faults = new Faults();
    events = cacheEvents();
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  });
  afterEach(() => {
    events.end();
    warn.mockRestore();
  });

  const down = (verbs: readonly StoreVerb[] | undefined, error?: Error): void =>
    faults.failNext({ times: Infinity, ...(verbs !== undefined && { verbs }) }, error);

  const options = [{}, { grace: 3600 }, { refreshAhead: 0.5 }] as const;
  const errors = [new RedisConnectionError(), new RedisUnavailableError('OOM')];

  it('RT20 off by default: the call fails, and the factory is not asked', async () => {
    for (const each of options) {
      const cache = context.reading(each, faults.wrap(context.store));
      down(undefined);
      let runs = 0;
      await expect(cache.getOrSet('k', () => ++runs)).rejects.toThrow(RedisConnectionError);
      await expect(cache.getOrSetMany(['k'], () => ({ k: ++runs }))).rejects.toThrow(RedisConnectionError);
      expect(runs).toBe(0);
      faults.clear();
    }
    expect(warn).not.toHaveBeenCalled();
  });

  it('RT20 compute: the value of the factory, not stored, one warning for the outage, each counted', async () => {
    for (const each of options)
      for (const error of errors) {
        warn.mockClear();
        events.all.length = 0;
        const cache = context.reading({ ...each, whenUnavailable: 'compute' }, faults.wrap(context.store));
        down(undefined, error);
        let runs = 0;
        const factory = (): number => ++runs;
        expect(await Promise.all([cache.getOrSet('k', factory), cache.getOrSet('k', factory)])).toEqual([
          1, 1,
        ]);
        expect(await cache.getOrSet('k', factory)).toBe(2);
        expect(await cache.getOrSetMany(['k', 'l'], (keys) => keys.map((key) => [key, 3] as const))).toEqual(
          new Map([['k', 3], ['l', 3]]), // prettier-ignore
        );
        expect(warn).toHaveBeenCalledTimes(1);
        expect(String(warn.mock.calls[0])).toContain(error.name);
        const told = { operation: 'getOrSet', cache: 'default' };
        const computed = { ...told, outcome: 'computed', error: error.name };
        expect(events.of('getOrSet', 'getOrSetMany')).toEqual([
          computed,
          { ...told, outcome: 'joined' },
          computed,
          { ...computed, operation: 'getOrSetMany', keys: 2, hits: 0 },
        ]);
        faults.clear();
        expect(await context.redisKeys()).toEqual([]);
        expect(await cache.getOrSet('k', () => 'stored')).toBe('stored');
        down(undefined, error);
        await cache.getOrSet('k', factory);
        expect(warn).toHaveBeenCalledTimes(2);
        faults.clear();
        await cache.delete('k');
      }
  });

  it('RT20 compute where Redis reads and cannot write: the value is not thrown away, one warning', async () => {
    for (const each of options) {
      warn.mockClear();
      const cache = context.reading({ ...each, whenUnavailable: 'compute' }, faults.wrap(context.store));
      down(['setIfAbsentOrGet', 'writeKept'], new RedisUnavailableError('OOM'));
      let runs = 0;
      for (let call = 1; call <= 3; call++) expect(await cache.getOrSet('k', () => ++runs)).toBe(call);
      expect(warn).toHaveBeenCalledTimes(1);
      faults.clear();
    }
  });

  it('RT20 compute is decided by each call, also by one that joins', async () => {
    const cache = context.reading({}, faults.wrap(context.store));
    faults.failNext();
    const strict = cache.getOrSet('k', () => 'strict');
    const lenient = cache.getOrSet('k', () => 'lenient', { whenUnavailable: 'compute' });
    await expect(strict).rejects.toThrow(RedisConnectionError);
    expect(await lenient).toBe('lenient');
  });

  it('RT20 compute is decided also by a call that waits for a run behind, which cannot be stored', async () => {
    let looks = 0;
    const counting = storeWith(context.store, {
      lookUpKept: async (...args) => {
        const found = await context.store.lookUpKept(...args);
        looks++;
        return found;
      },
    });
    const cache = context.reading({ grace: 3600, softTimeout: 0 }, faults.wrap(counting));
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await cache.getOrSet('k', gate.factory)).toBe('old');
    const before = looks;
    const waiting = cache.getOrSet('k', () => 'computed', {
      softTimeout: null,
      whenUnavailable: 'compute',
    });
    while (looks === before) await pause(1);
    await pause(1);
    down(['writeKept']);
    gate.open('made');
    expect(await waiting).toBe('computed');
    faults.clear();
  });

  it('RT20 other errors are no outage, those of the factory neither', async () => {
    const cache = context.reading({ whenUnavailable: 'compute' }, faults.wrap(context.store));
    faults.failNext({}, new RedisServiceError('WRONGTYPE'));
    await expect(cache.getOrSet('k', () => 1)).rejects.toThrow(RedisServiceError);
    let runs = 0;
    const factory = (): Promise<never> => {
      runs++;
      return Promise.reject(new RedisConnectionError('another Redis'));
    };
    await expect(cache.getOrSet('k', factory)).rejects.toThrow('another Redis');
    expect(runs).toBe(1);
  });

  it('RT8 RT20 a stale value that cannot be looked at again is not served: the factory counts', async () => {
    for (const whenUnavailable of [undefined, 'compute'] as const) {
      const cache = context.reading({ grace: 3600, whenUnavailable }, faults.wrap(context.store));
      await cache.set('k', 'old', 60);
      await context.pass('k', 60);
      const asked = cache.getOrSet('k', () => {
        down(['lookUpKept']);
        return failing();
      });
      await expect(asked).rejects.toThrow('database away');
      faults.clear();
      const gate = new GatedFactory<string>();
      const slow = context
        .reading({ grace: 3600, whenUnavailable }, faults.wrap(context.store))
        .getOrSet('k', (given) => (down(['lookUpKept']), given.skip(gate.factory())), { softTimeout: 0 });
      await gate.entered;
      gate.open('made');
      expect(await slow).toBe('made');
      faults.clear();
    }
  });

  it('RT14 RT20 a run behind that cannot be stored is dropped', async () => {
    const cache = context.reading({ grace: 3600, softTimeout: 0 }, faults.wrap(context.store));
    await cache.set('k', 'old', 60);
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await cache.getOrSet('k', gate.factory)).toBe('old');
    down(['writeKept']);
    gate.open('made');
    await new Promise((resolve) => setTimeout(resolve, 5));
    faults.clear();
    expect(await cache.getOrSet('k', () => 'again')).toBe('again');
  });
});
