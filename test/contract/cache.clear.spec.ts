import { jest } from '@jest/globals';
import fc from 'fast-check';
import { ImproperlyConfiguredError } from '../../lib/errors/improperly-configured.error.js';
import { storeWith } from '../support/sessions.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

const SESSION_KEY = '0123456789abcdefghijklmnopqrstuv';

describeCacheOnEveryStore('Cache, clear', (context) => {
  const put = (...redisKeys: string[]): Promise<void> =>
    context.store.setMany(
      redisKeys.map((key) => [key, '1'] as const),
      null,
    );

  it('C54 deletes every key of this cache and says how many', async () => {
    await context.cache.setMany({ a: 1, b: 2, 'with:colons:1:2': 3, ' ': 4, 'line\nbreak': 5 });
    expect(await context.cache.clear()).toBe(5);
    expect(await context.redisKeys()).toEqual([]);
    expect(await context.cache.clear()).toBe(0);
  });

  it('C54 in every version', async () => {
    for (const version of [0, 1, 2, 10, 123, Number.MAX_SAFE_INTEGER])
      await context.cache.set('k', 1, { version });
    expect(await context.open({ version: 2 }).clear()).toBe(6);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('C55 without a key prefix is refused, and nothing is deleted', async () => {
    await context.cache.set('k', 1);
    const cache = context.open({ keyPrefix: '' });
    await cache.set(context.prefix, 'unprefixed');
    await expect(cache.clear()).rejects.toThrow(ImproperlyConfiguredError);
    await expect(cache.clear()).rejects.toThrow(/cache\.keyPrefix.*CACHE_KEY_PREFIX/);
    expect(await cache.get(context.prefix)).toBe('unprefixed');
    expect(await context.cache.has('k')).toBe(true);
    await cache.delete(context.prefix);
  });

  it('C56 never deletes what is not {keyPrefix}:{version}:…', async () => {
    const p = context.prefix;
    const neighbours = [
      p,
      `${p}:`,
      `${p}:1`,
      `${p}::k`,
      `${p}:session:${SESSION_KEY}`,
      `${p}:session:1:${SESSION_KEY}`,
      `${p}:sess1on:k`,
      `${p}:1session:${SESSION_KEY}`,
      `${p}:1st:k`,
      `${p}:1.5:k`,
      `${p}:-1:k`,
      `${p}:+1:k`,
      `${p}: 1:k`,
      `${p}:1e3:k`,
      `${p}:0x1:k`,
      `${p}:١:k`,
      `${p}:lock:1:k`,
      `${p}2:1:k`,
      `${p}-other:1:k`,
      `${p}x:session:${SESSION_KEY}`,
      `${p}\n:1:k`,
    ];
    await put(...neighbours);
    await context.cache.setMany({ a: 1, b: 2 });
    expect(await context.cache.clear()).toBe(2);
    expect(await context.redisKeys()).toEqual([...neighbours].sort());
  });

  it('C56 nor what only ends like ours', async () => {
    const inner = context.open({ keyPrefix: `${context.prefix}:outer` });
    const outer = context.cache;
    await inner.set('k', 'inner');
    await outer.set('k', 'outer');
    expect(await outer.clear()).toBe(1);
    expect(await inner.get('k')).toBe('inner');
    await outer.set('k', 'outer');
    expect(await inner.clear()).toBe(1);
    expect(await outer.get('k')).toBe('outer');
  });

  it.each([
    '*',
    '?',
    '[ab]',
    '[^x]',
    '\\',
    '\\*',
    '{a}',
    '{a,b}',
    'a*b',
    '[',
    ']',
    '^',
    '-',
    '\\\\[',
    '*?[]\\{}',
  ])('C57 %s in a prefix is literal', async (special) => {
    const keyPrefix = `${context.prefix}${special}`;
    const cache = context.open({ keyPrefix });
    const neighbours = ['', 'a', 'b', 'xx', '\\', '{', 'a,b', 'axb', '*x', `${special}x`, special.slice(1)]
      .filter((other) => other !== special)
      .map((other) => `${context.prefix}${other}:1:k`);
    await put(...neighbours);
    await cache.setMany({ a: 1, b: 2 });
    expect(await cache.clear()).toBe(2);
    expect(await context.redisKeys()).toEqual([...new Set(neighbours)].sort());
  });

  it('C57 whatever the prefix, clear deletes all of its own and none of another', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '*', '?', '[', ']', '\\', '{', '}', '^', '-', '.', ':', 'é'),
    });
    const keys = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(text, text, keys, async (one, other, names) => {
        fc.pre(one !== other);
        const mine = context.open({ keyPrefix: context.prefix + one });
        const theirs = context.open({ keyPrefix: context.prefix + other });
        const entries = names.map((name) => [name, 1] as const);
        await mine.setMany(entries);
        await theirs.setMany(entries);
        expect(await mine.clear()).toBe(names.length);
        expect((await theirs.getMany(names)).size).toBe(names.length);
        expect(await theirs.clear()).toBe(names.length);
      }),
      { numRuns: 25 },
    );
  });

  describe('C58 with a key function', () => {
    const keyFunction = (key: string, prefix: string, version: number): string =>
      `${prefix}/${version}/${key}`;
    const keyPattern = {
      glob: (pattern: string, prefix: string, version: number | undefined) =>
        `${prefix}/${version ?? '*'}/${pattern}`,
      parse: (redisKey: string, prefix: string) => {
        const [first, version, ...rest] = redisKey.split('/');
        return first === prefix && /^\d+$/.test(version ?? '')
          ? { key: rest.join('/'), version: Number(version) }
          : undefined;
      },
    };

    it('C58 clear needs the pattern function, and deletes nothing without', async () => {
      const cache = context.open({ keyFunction });
      await cache.set('k', 1);
      await expect(cache.clear()).rejects.toThrow(ImproperlyConfiguredError);
      await expect(cache.clear()).rejects.toThrow(/cache\.keyPattern/);
      await expect(cache.deletePattern('*')).rejects.toThrow(ImproperlyConfiguredError);
      await expect(cache.keys().next()).rejects.toThrow(ImproperlyConfiguredError);
      expect(await cache.get('k')).toBe(1);
    });

    it('C58 clear deletes what the pattern function knows as its own', async () => {
      const cache = context.open({ keyFunction, keyPattern });
      await cache.set('a', 1);
      await cache.set('b/c', 1, { version: 2 });
      await put(`${context.prefix}/session/k`, `${context.prefix}x/1/k`, context.redisKey('k'));
      expect(await cache.clear()).toBe(2);
      expect((await context.redisKeys()).length).toBe(3);
    });
  });

  it('C59 a page that cannot be deleted fails the call, even while the next one is looked for', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const store = storeWith(context.store, {
      deleteMany: () => Promise.reject(new Error('away')),
      scan: async function* () {
        yield [context.redisKey('k')];
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield [];
      },
    });
    await expect(context.open({}, store).clear()).rejects.toThrow('away');
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('C59 deletes 3,000 keys among 3,000 others', async () => {
    const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
    await context.cache.setMany(keys.map((key) => [key, 1] as const));
    await put(...keys.map((key) => `${context.prefix}:session:${key}`));
    expect(await context.cache.clear()).toBe(3000);
    expect(await context.redisKeys()).toHaveLength(3000);
    expect(await context.cache.has('k1')).toBe(false);
  });
});
