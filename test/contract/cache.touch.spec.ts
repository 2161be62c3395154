import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, touch', (context) => {
  const value = { a: [1] };

  it('C29 extends the life of an entry', async () => {
    await context.cache.set('k', value, 60);
    expect(await context.cache.touch('k', 600)).toBe(true);
    await context.elapse('k', 500);
    expect(await context.cache.get('k')).toEqual(value);
    await context.elapse('k', 100);
    expect(await context.cache.has('k')).toBe(false);
  });

  it('C29 shortens it as well', async () => {
    await context.cache.set('k', value, 600);
    expect(await context.cache.touch('k', { timeout: 60 })).toBe(true);
    expect(await context.cache.ttl('k')).toBeLessThanOrEqual(60);
  });

  it("C30 without a timeout gives the cache's own", async () => {
    await context.cache.set('k', value, 60);
    expect(await context.cache.touch('k')).toBe(true);
    expect(await context.cache.ttl('k')).toBeGreaterThan(290);
    const forEver = context.open({ timeoutMs: null });
    expect(await forEver.touch('k')).toBe(true);
    expect(await forEver.ttl('k')).toBeNull();
    const never = context.open({ timeoutMs: 0 });
    expect(await never.touch('k')).toBe(true);
    expect(await never.has('k')).toBe(false);
  });

  it.each([60, null, undefined, 0, -1])(
    'C31 a missing key with %s: false, and nothing created',
    async (timeout) => {
      expect(await context.cache.touch('k', timeout)).toBe(false);
      expect(await context.redisKeys()).toEqual([]);
    },
  );

  it('C32 null on an expiring key takes its end away', async () => {
    await context.cache.set('k', value, 60);
    expect(await context.cache.touch('k', null)).toBe(true);
    expect(await context.cache.ttl('k')).toBeNull();
  });

  it('C33 null on a key that never expires is true', async () => {
    await context.cache.set('k', value, null);
    expect(await context.cache.touch('k', null)).toBe(true);
    expect(await context.cache.ttl('k')).toBeNull();
  });

  it.each([0, -1, '-1s'])('C34 %s on an existing key is true, and the key is gone', async (timeout) => {
    await context.cache.set('k', value);
    expect(await context.cache.touch('k', timeout)).toBe(true);
    expect(await context.cache.has('k')).toBe(false);
    expect(await context.cache.touch('k', timeout)).toBe(false);
  });

  it('C34 is atomic: of many concurrent ones exactly one is true', async () => {
    const theirs = context.open({}, context.other);
    for (let round = 0; round < 20; round++) {
      await context.cache.set('k', round);
      const touched = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? context.cache : theirs).touch('k', 0)),
      );
      expect(touched.filter(Boolean)).toHaveLength(1);
    }
  });

  it('C35 the value stays', async () => {
    await context.cache.set('k', value);
    for (const timeout of [60, null, 0.5, '1h', undefined]) {
      expect(await context.cache.touch('k', timeout)).toBe(true);
      expect(await context.cache.get('k')).toEqual(value);
    }
  });
});
