import fc from 'fast-check';
import type { Timeout } from '../../lib/cache/timeout.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

const MONTH = 30 * 24 * 3600;

describeCacheOnEveryStore('Cache, timeouts', (context) => {
  /** On a busy machine some of them have gone by. */
  const expectSeconds = async (key: string, seconds: number): Promise<void> => {
    const left = await context.cache.ttl(key);
    expect(left).toBeGreaterThan(seconds - 10);
    expect(left).toBeLessThanOrEqual(seconds);
  };

  it('C18 after its timeout a key is gone, and not before', async () => {
    await context.cache.set('k', 1, 60);
    await context.elapse('k', 50);
    expect(await context.cache.get('k')).toBe(1);
    await context.elapse('k', 10);
    expect(await context.cache.get('k', 'gone')).toBe('gone');
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.getMany(['k'])).toEqual(new Map());
    expect(await context.cache.delete('k')).toBe(false);
  });

  it("C19 without a timeout the cache's own counts", async () => {
    await context.cache.set('a', 1);
    await context.cache.add('b', 1);
    await context.cache.setMany({ c: 1 });
    await context.cache.getOrSet('d', () => 1);
    await context.cache.set('e', 1, {});
    await context.cache.set('f', 1, { timeout: undefined });
    for (const key of 'abcdef') await expectSeconds(key, 300);
  });

  it('C19 a default of null is forever', async () => {
    const cache = context.open({ timeoutMs: null });
    await cache.set('a', 1);
    await cache.add('b', 1);
    await cache.setMany({ c: 1 });
    for (const key of 'abc') expect(await cache.ttl(key)).toBeNull();
  });

  it('C19 a default of 0 stores nothing', async () => {
    const cache = context.open({ timeoutMs: 0 });
    await cache.set('a', 1);
    expect(await cache.add('b', 1)).toBe(true);
    await cache.setMany({ c: 1 });
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual(new Map());
    await cache.set('a', 1, 60);
    expect(await cache.get('a')).toBe(1);
  });

  it('C20 null is forever, for set, add and setMany', async () => {
    await context.cache.set('a', 1, null);
    await context.cache.add('b', 1, null);
    await context.cache.setMany({ c: 1 }, null);
    await context.cache.set('d', 1, { timeout: null });
    for (const key of 'abcd') {
      expect(await context.cache.get(key)).toBe(1);
      expect(await context.cache.ttl(key)).toBeNull();
    }
  });

  it.each([0, -0, -1, -0.5, '0s', '-5m', 0.0004])(
    'C21 set with %s removes what was there',
    async (timeout) => {
      await context.cache.set('k', 1);
      await context.cache.set('k', 2, timeout);
      expect(await context.cache.has('k')).toBe(false);
      await context.cache.set('k', 3, { timeout });
      expect(await context.cache.get('k')).toBeUndefined();
    },
  );

  it.each([0, -1])('C22 add with %s says whether the key is free and stores nothing', async (timeout) => {
    expect(await context.cache.add('k', 1, timeout)).toBe(true);
    expect(await context.cache.has('k')).toBe(false);
    await context.cache.set('k', 'old');
    expect(await context.cache.add('k', 2, timeout)).toBe(false);
    expect(await context.cache.get('k')).toBe('old');
    await expectSeconds('k', 300);
  });

  it.each([0, -1])('C23 after setMany with %s none is readable', async (timeout) => {
    await context.cache.set('a', 'old');
    await context.cache.setMany({ a: 1, b: 2 }, timeout);
    expect(await context.cache.getMany(['a', 'b'])).toEqual(new Map());
  });

  it('C24 a fraction of a second counts, to the millisecond', async () => {
    await context.cache.set('k', 1, 0.5);
    const left = await context.cache.ttl('k');
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(0.5);
    await context.elapse('k', 0.5);
    expect(await context.cache.has('k')).toBe(false);
    await context.cache.setMany({ a: 1 }, 59.999);
    expect(await context.cache.ttl('a')).toBeLessThanOrEqual(59.999);
  });

  it.each([
    ['90s', 90],
    ['5m', 300],
    ['1h', 3600],
    ['1.5 hours', 5400],
    ['2 days', 172_800],
    ['60000ms', 60],
  ])('C24b the duration %s counts wherever a timeout does', async (timeout, expected) => {
    await context.cache.set('set', 1, timeout);
    await context.cache.add('add', 1, { timeout });
    await context.cache.setMany({ setMany: 1, touch: 1, expire: 1 }, timeout);
    await context.cache.getOrSet('getOrSet', () => 1, timeout);
    await context.cache.set('touch', 1, null);
    await context.cache.touch('touch', timeout);
    await context.cache.set('expire', 1, null);
    await context.cache.expire('expire', timeout);
    for (const key of ['set', 'add', 'setMany', 'getOrSet', 'touch', 'expire'])
      await expectSeconds(key, expected);
  });

  it('C25 30 days and a second are relative', async () => {
    await context.cache.set('k', 1, MONTH + 1);
    await expectSeconds('k', MONTH + 1);
  });

  const nonsense: [string, unknown][] = [
    ['a word', 'abc'],
    ['a number as text', '60'],
    ['an empty text', ''],
    ['a long text', `${'9'.repeat(200)}s`],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['a Date', new Date()],
    ['other options', { ttl: 5 }],
    ['a Map', new Map()],
    ['a list', [60]],
    ['a boolean', true],
    ['a bigint', 60n],
    ['a function', () => 60],
    ['a symbol', Symbol('s')],
  ];

  it.each(nonsense)('C27 %s is no timeout, and nothing is stored', async (_, given) => {
    await context.cache.set('old', 'kept', null);
    const timeout = given as Timeout;
    const inOptions = { timeout };
    for (const key of ['old', 'new'])
      for (const call of [
        () => context.cache.set(key, 1, timeout),
        () => context.cache.set(key, 1, inOptions),
        () => context.cache.add(key, 1, timeout),
        () => context.cache.setMany({ [key]: 1 }, timeout),
        () => context.cache.touch(key, timeout),
        () => context.cache.touch(key, inOptions),
        () => context.cache.expire(key, timeout),
        () => context.cache.getOrSet(key, () => 1, timeout),
      ]) {
        const error: unknown = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toMatch(/^timeout: expected seconds/);
      }
    expect(await context.redisKeys()).toEqual([context.redisKey('old')]);
    expect(await context.cache.get('old')).toBe('kept');
    expect(await context.cache.ttl('old')).toBeNull();
  });

  it("C27 the error names the value's type and not the value", async () => {
    await expect(context.cache.set('k', 1, 'secret')).rejects.toThrow(/a string of 6 characters/);
    await expect(context.cache.set('k', 1, 'secret')).rejects.not.toThrow(/secret/);
    await expect(context.cache.set('k', 1, new Date() as never)).rejects.toThrow(/Date/);
    await expect(context.cache.set('k', 1, { ttl: 5 } as never)).rejects.toThrow(/"ttl"/);
  });

  it.each([1e13, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, '999999999999y'])(
    'C28 %s is too long, and nothing is stored',
    async (timeout) => {
      await expect(context.cache.set('k', 1, timeout)).rejects.toThrow(RangeError);
      await expect(context.cache.add('k', 1, timeout)).rejects.toThrow(RangeError);
      await expect(context.cache.setMany({ k: 1 }, timeout)).rejects.toThrow(RangeError);
      await expect(context.cache.touch('k', timeout)).rejects.toThrow(RangeError);
      await expect(context.cache.getOrSet('k', () => 1, timeout)).rejects.toThrow(RangeError);
      expect(await context.cache.has('k')).toBe(false);
    },
  );

  it('C28 any number of seconds is either stored or refused as one of the rules says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.double(), fc.double({ min: 1, max: 1e13 })), async (timeout) => {
        const outcome: unknown = await context.cache.set('k', 1, timeout).catch((error: unknown) => error);
        const stored = await context.cache.has('k');
        await context.cache.delete('k');
        if (!Number.isFinite(timeout)) expect(outcome).toBeInstanceOf(TypeError);
        else if (timeout > 1e12 * 9.1) expect(outcome).toBeInstanceOf(RangeError);
        else if (outcome !== undefined) expect(outcome).toBeInstanceOf(RangeError);
        if (timeout >= 1 && timeout < 9e12) expect(stored).toBe(true);
        if (timeout <= 0 || outcome !== undefined) expect(stored).toBe(false);
      }),
    );
  });

  it('C61 the value is serialised first, so 0 does not hide an unserialisable one', async () => {
    const bad: unknown = { at: new Date() };
    await context.cache.set('k', 'old');
    await expect(context.cache.set('k', bad, 0)).rejects.toThrow(TypeError);
    await expect(context.cache.add('k', bad, 0)).rejects.toThrow(TypeError);
    await expect(context.cache.setMany({ k: bad }, 0)).rejects.toThrow(TypeError);
    await expect(context.cache.getOrSet('free', () => bad, 0)).rejects.toThrow(TypeError);
    expect(await context.cache.get('k')).toBe('old');
  });
});
