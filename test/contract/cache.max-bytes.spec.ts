import { blamedLine, failureOf, nextLine } from '../support/blamed-line.js';
import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, how large a value may be', (context) => {
  const fits = 'é'.repeat(49);
  const large = 'é'.repeat(50);

  it('SX3 cache.maxBytes refuses what takes more bytes with a RangeError, and stores nothing', async () => {
    const cache = context.open({ maxBytes: 100 });
    const lines: string[] = [];
    const errors: unknown[] = [];
    const calls = [
      async () => {
        lines.push(nextLine());
        await cache.set('k', large);
      },
      async () => {
        lines.push(nextLine());
        await cache.add('k', large);
      },
      async () => {
        lines.push(nextLine());
        await cache.setMany({ fits, k: large });
      },
      async () => {
        lines.push(nextLine());
        await cache.getOrSet('k', () => Promise.resolve(large));
      },
    ];
    for (const call of calls) errors.push(await failureOf(call));
    errors.push(await failureOf(() => cache.getOrSetMany(['k'], () => ({ k: large }))));

    for (const error of errors) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toBe(
        'cache key "k": the value takes 102 bytes, and cache.maxBytes allows 100; store less, or raise the option',
      );
    }
    expect(errors.slice(0, calls.length).map(blamedLine)).toEqual(lines);
    expect(await context.redisKeys()).toEqual([]);
  });

  it('SX3 cache.maxBytes takes what has as many bytes, and reads what is larger', async () => {
    const cache = context.open({ maxBytes: 100 });
    await cache.set('k', fits);
    expect(await cache.getOrSet('other', () => fits)).toBe(fits);
    expect(await cache.get('k')).toBe(fits);
    await context.cache.set('large', large);
    expect(await cache.get('large')).toBe(large);
  });

  it('SX3 cache.maxBytes is off by default', async () => {
    const text = 'x'.repeat(2_000_000);
    await context.cache.set('k', text);
    expect(await context.cache.get('k')).toBe(text);
  });
});
