import type { CacheService } from '../../lib/cache/cache.service.js';
import { companionKey } from '../../lib/store/companion-key.js';
import { failing } from '../support/failing.js';
import { GatedFactory } from '../support/gated-factory.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const HOUR = 3600;

describeOnEveryStore('Cache, tags', (context) => {
  let cache: CacheService;
  let elsewhere: CacheService;
  beforeEach(() => {
    cache = context.tagged();
    elsewhere = context.taggedElsewhere();
  });

  const tagKey = (tag: string): string => `${context.prefix}:tag:${tag}`;
  const tokensKey = (key: string): string => companionKey(context.prefix, 'tokens', context.redisKey(key));
  const evict = async (redisKey: string): Promise<void> => {
    expect(await context.other.delete(redisKey)).toBe(true);
  };

  const writers: [string, (given: CacheService, tags: readonly string[]) => Promise<unknown>][] = [
    ['set', (given, tags) => given.set('k', 1, { tags })],
    ['setMany', (given, tags) => given.setMany({ k: 1, l: 2 }, { tags })],
    ['add', (given, tags) => given.add('k', 1, { tags })],
    ['getOrSet', (given, tags) => given.getOrSet('k', () => 1, { tags })],
    ['getOrSetMany', (given, tags) => given.getOrSetMany(['k', 'l'], () => ({ k: 1, l: 2 }), { tags })],
    ['tags by the value', (given, tags) => given.getOrSet('k', () => 1, { tags: () => tags })],
    [
      'tags by each value',
      (given, tags) => given.getOrSetMany(['k'], () => ({ k: 1 }), { tags: () => tags }),
    ],
  ];

  it.each(writers)(
    'TG1 what %s stored is gone in every process once one of its tags was invalidated',
    async (_, write) => {
      await write(cache, ['a', 'b']);
      for (const each of [cache, elsewhere]) {
        expect(await each.get('k')).toBe(1);
        expect(await each.getOrSet<unknown>('k', failing)).toBe(1);
      }
      await elsewhere.invalidateTags('other');
      expect(await cache.get('k')).toBe(1);
      await elsewhere.invalidateTags('b', 'unused');
      for (const each of [cache, elsewhere]) {
        expect(await each.get('k')).toBeUndefined();
        await expect(each.getOrSet('k', failing, { tags: ['a', 'b'] })).rejects.toThrow('database away');
      }
    },
  );

  it('TG1 an invalidation of no tag is none; tags are strings', async () => {
    await cache.set('k', 1, { tags: ['a'] });
    await cache.invalidateTags();
    expect(await cache.get('k')).toBe(1);
    await expect(cache.invalidateTags('')).rejects.toThrow(TypeError);
    await expect(cache.set('k', 2, { tags: 'a' as never })).rejects.toThrow(/tags: expected an array/);
    await expect(cache.set('k', 2, { tags: [7 as never] })).rejects.toThrow(
      /tags: expected non-empty strings/,
    );
    const withHole = new Array<string>(2).fill('a', 1);
    await expect(cache.set('k', 1, { tags: withHole })).rejects.toThrow(/tags: expected non-empty strings/);
    await expect(cache.touch('k', { tags: ['a'] } as never)).rejects.toThrow(TypeError);
    expect(await cache.get('k')).toBe(1);
  });

  it('TG1 a call joins a run that began before an invalidation only if its tags still stand', async () => {
    const [before, after] = [new GatedFactory<string>(), new GatedFactory<string>()];
    const first = cache.getOrSet('k', before.factory, { tags: ['a'] });
    await before.entered;
    const joiner = cache.getOrSet<string>('k', failing, { tags: ['a'] });
    // its look at the tags is answered before the invalidation is sent
    await cache.get('other');
    await elsewhere.invalidateTags('a');
    const late = cache.getOrSet('k', after.factory, { tags: ['a'] });
    await after.entered;
    before.open('old');
    expect(await first).toBe('old');
    expect(await joiner).toBe('old');
    after.open('new');
    expect(await late).toBe('new');
    expect(await cache.get('k')).toBe('new');
    expect([before.runs, after.runs]).toEqual([1, 1]);
  });

  it('TG1 the same with tags that are known from the value only', async () => {
    const [before, after] = [new GatedFactory<string>(), new GatedFactory<string>()];
    const tags = (): string[] => ['a'];
    const first = cache.getOrSet('k', before.factory, { tags });
    await before.entered;
    await elsewhere.invalidateTags('a');
    const late = cache.getOrSet('k', after.factory, { tags });
    await after.entered;
    before.open('old');
    expect(await first).toBe('old');
    after.open('new');
    expect(await late).toBe('new');
    expect(await cache.get('k')).toBe('new');
  });

  it('TG1 many calls at once share one run', async () => {
    let runs = 0;
    const ask = (): Promise<number> =>
      cache.getOrSet('k', () => Promise.resolve(++runs), { tags: ['a', 'b'] });
    const all = await Promise.all(Array.from({ length: 100 }, ask));
    expect(new Set(all)).toEqual(new Set([1]));
    expect(new Set(await Promise.all(Array.from({ length: 100 }, ask)))).toEqual(new Set([1]));
  });

  it('TG4 whatever is lost can only invalidate too much', async () => {
    for (const lost of [tagKey('a'), tagKey('b'), tokensKey('k'), context.redisKey('k')]) {
      await cache.set('k', 'old', { tags: ['a', 'b'] });
      expect(await cache.get('k')).toBe('old');
      await evict(lost);
      expect(await cache.get('k')).toBeUndefined();
      expect(await cache.getOrSet('k', () => 'new', { tags: ['a', 'b'] })).toBe('new');
      expect(await elsewhere.get('k')).toBe('new');
    }
  });

  it('TG4 a tagged text ends with one blank, an unmarked one is valid; the companion outlives its entry by a minute', async () => {
    await cache.set('k', { n: 1 }, { tags: ['a'], timeout: 100 });
    expect(await context.other.get(context.redisKey('k'))).toBe('{"n":1} ');
    expect(await context.store.remaining(tokensKey('k'))).toBeGreaterThan(159_000);
    expect(await context.store.remaining(tokensKey('k'))).toBeLessThanOrEqual(160_000);
    await cache.set('k', { n: 2 });
    expect(await context.other.get(context.redisKey('k'))).toBe('{"n":2}');
    expect(await context.other.has(tokensKey('k'))).toBe(false);
    await cache.invalidateTags('a');
    expect(await cache.get('k')).toEqual({ n: 2 });
    const blank = { dumps: () => '1 ', loads: (): unknown => 1 };
    const wrong = context.open({ tags: true }, context.store, blank);
    await expect(wrong.set('k', 1)).rejects.toThrow(/ends in a blank/);
  });

  it('TG4 a tagged integer is counted by this module, and refused to others', async () => {
    await cache.set('k', 41, { tags: ['a'], timeout: 100 });
    expect(await cache.incr('k')).toBe(42);
    expect(await cache.decr('k', 2)).toBe(40);
    expect(await cache.get('k')).toBe(40);
    expect(await context.store.remaining(context.redisKey('k'))).toBeLessThanOrEqual(100_000);
    expect(await context.other.incrementIfPresent(context.redisKey('k'), 1)).toEqual({
      outcome: 'not-an-integer',
    });
    await cache.set('text', 'x', { tags: ['a'] });
    await expect(cache.incr('text')).rejects.toThrow(TypeError);
    expect(await cache.get('text')).toBe('x');
    await cache.invalidateTags('a');
    await expect(cache.incr('k')).rejects.toThrow(/no such|missing|not found|k/i);
  });

  it('TG5 an invalidation while the value is made makes it dead on arrival', async () => {
    for (const tags of [['a'], () => ['a']]) {
      const gate = new GatedFactory<string>();
      const made = cache.getOrSet('k', gate.factory, { tags });
      await gate.entered;
      await elsewhere.invalidateTags('a');
      gate.open('old');
      expect(await made).toBe('old');
      expect(await cache.get('k')).toBeUndefined();
      expect(await cache.getOrSet('k', () => 'new', { tags })).toBe('new');
      expect(await elsewhere.get('k')).toBe('new');
      await cache.delete('k');
    }
  });

  it('TG6 a dead entry is absent for add, getOrSet, incr, has, get, getMany, ttl, touch, expire and persist', async () => {
    const kill = async (): Promise<void> => {
      await cache.set('k', 1, { tags: ['a'] });
      await cache.invalidateTags('a');
    };
    await kill();
    expect(await cache.has('k')).toBe(false);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getMany(['k'])).toEqual(new Map());
    expect(await cache.ttl('k')).toBeUndefined();
    expect(await cache.touch('k')).toBe(false);
    expect(await cache.expire('k', 10)).toBe(false);
    expect(await cache.expireAt('k', context.inFuture(10_000))).toBe(false);
    expect(await cache.persist('k')).toBe(false);
    await expect(cache.incr('k')).rejects.toThrow('k');
    expect(await context.other.remaining(context.redisKey('k'))).toBeLessThanOrEqual(300_000);
    expect(await cache.add('k', 2)).toBe(true);
    expect(await cache.get('k')).toBe(2);
    await kill();
    expect(await cache.add('k', 3, { tags: ['a'] })).toBe(true);
    expect(await cache.get('k')).toBe(3);
    await kill();
    expect(await cache.getOrSet('k', () => 4)).toBe(4);
    expect(await cache.get('k')).toBe(4);
    await kill();
    expect(await cache.getOrSetMany(['k'], () => ({ k: 5 }))).toEqual(new Map([['k', 5]]));
    expect(await cache.get('k')).toBe(5);
  });

  it('TG6 of many adds over a dead entry one wins', async () => {
    for (const tags of [undefined, ['a']]) {
      await cache.set('k', 1, { tags: ['a'] });
      await cache.invalidateTags('a');
      const adds = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? cache : elsewhere).add('k', 1, { tags })),
      );
      expect(adds.filter(Boolean)).toHaveLength(1);
      expect(await cache.add('k', 2)).toBe(false);
      expect(await cache.get('k')).toBe(1);
    }
  });

  it('a live tagged entry is kept by add, and its lifetime is changed by touch, expire and persist', async () => {
    await cache.set('k', 1, { tags: ['a'], timeout: 10 });
    expect(await cache.add('k', 2)).toBe(false);
    expect(await cache.add('k', 2, { tags: ['a'] })).toBe(false);
    expect(await cache.touch('k', HOUR)).toBe(true);
    expect(await cache.ttl('k')).toBeGreaterThan(HOUR - 10);
    for (const key of [tokensKey('k'), tagKey('a')])
      expect(await context.store.remaining(key)).toBeGreaterThan(HOUR * 1000);
    expect(await cache.persist('k')).toBe(true);
    expect(await cache.ttl('k')).toBeNull();
    for (const key of [tokensKey('k'), tagKey('a')]) expect(await context.store.remaining(key)).toBeNull();
    expect(await cache.expire('k', 5)).toBe(true);
    expect(await cache.ttl('k')).toBeLessThanOrEqual(5);
    expect(await cache.get('k')).toBe(1);
  });

  it('TG3 a tag is one key with a token and a TTL not shorter than its entries; nothing else is left', async () => {
    await cache.set('k', 1, { tags: ['a'], timeout: 100 });
    await cache.set('l', 1, { tags: ['a'], timeout: HOUR });
    await cache.set('m', 1, { tags: ['a'], timeout: 5 });
    expect(await context.store.get(tagKey('a'))).toMatch(/^[\w-]{22}$/);
    expect(await context.store.remaining(tagKey('a'))).toBeGreaterThan((HOUR - 1) * 1000);
    await cache.set('n', 1, { tags: ['a'], timeout: null });
    expect(await context.store.remaining(tagKey('a'))).toBeNull();
    expect(await context.redisKeys()).toEqual(
      [...['k', 'l', 'm', 'n'].map((key) => context.redisKey(key)), tagKey('a')].sort(),
    );
    await cache.invalidateTags('a');
    expect(await context.store.has(tagKey('a'))).toBe(false);
    await cache.getOrSet('p', () => Promise.resolve(1), { tags: ['b'], timeout: () => HOUR });
    expect(await context.store.remaining(tagKey('b'))).toBeGreaterThan(HOUR * 1000);
    expect(await cache.clear()).toBe(5);
    expect(await context.redisKeys()).toEqual([tagKey('b')]);
  });

  it('TG7 in a cache without tags: true the option and invalidateTags are TypeErrors', async () => {
    const plain = context.open();
    const refused: (() => Promise<unknown>)[] = [
      () => plain.set('k', 1, { tags: ['a'] }),
      () => plain.set('k', 1, { tags: [] }),
      () => plain.setMany({ k: 1 }, { tags: ['a'] }),
      () => plain.add('k', 1, { tags: ['a'] }),
      () => plain.getOrSet('k', () => 1, { tags: ['a'] }),
      () => plain.getOrSet('k', () => 1, { tags: () => ['a'] }),
      () => plain.getOrSetMany(['k'], () => ({ k: 1 }), { tags: ['a'] }),
      () => plain.invalidateTags('a'),
    ];
    for (const call of refused) await expect(call()).rejects.toThrow(/tags: true/);
    expect(await plain.has('k')).toBe(false);
  });

  it('TG9 what a foreign writer sets carries no tag; its touch can only end the entry too early', async () => {
    await cache.set('k', 'old', { tags: ['a'], timeout: 10 });
    await cache.invalidateTags('a');
    await context.other.set(context.redisKey('k'), '"foreign"', 60_000);
    expect(await cache.get('k')).toBe('foreign');
    expect(await cache.getOrSet<unknown>('k', failing, { tags: ['a'] })).toBe('foreign');
    await cache.invalidateTags('a');
    expect(await cache.get('k')).toBe('foreign');
    await cache.set('k', 'own', { tags: ['a'], timeout: 10 });
    await context.other.expire(context.redisKey('k'), HOUR * 1000);
    expect(await cache.get('k')).toBe('own');
    await context.elapseRedisKey(tokensKey('k'), 70_000);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('an entry that is moved to another version keeps its tags', async () => {
    await cache.set('k', 1, { tags: ['a'], timeout: 100 });
    expect(await cache.incrVersion('k')).toBe(2);
    expect(await cache.has('k')).toBe(false);
    expect(await cache.get('k', undefined, { version: 2 })).toBe(1);
    expect(await cache.ttl('k', { version: 2 })).toBeLessThanOrEqual(100);
    await cache.invalidateTags('a');
    expect(await cache.get('k', undefined, { version: 2 })).toBeUndefined();
    await expect(cache.incrVersion('k', 1, { version: 2 })).rejects.toThrow('k');
    await cache.set('k', 1, { tags: ['a'] });
    await cache.set('k', 2, { version: 2 });
    await cache.incrVersion('k');
    expect(await cache.get('k', undefined, { version: 2 })).toBe(1);
  });

  it('TG8 a stale value with an invalidated tag is not served, one with a valid tag is', async () => {
    const kept = context.tagged({ grace: HOUR, retryAfter: 0 });
    for (const invalidates of [false, true]) {
      await kept.set('k', 'old', { tags: ['a'], timeout: 10 });
      await context.pass('k', 10);
      expect(await kept.get('k')).toBeUndefined();
      if (invalidates) await elsewhere.invalidateTags('a');
      const asked = kept.getOrSet<unknown>('k', failing, { tags: ['a'] });
      if (invalidates) await expect(asked).rejects.toThrow('database away');
      else expect(await asked).toBe('old');
    }
  });

  it('TG8 tags stay with what is refreshed in the background', async () => {
    const kept = context.tagged({ grace: HOUR, softTimeout: 0 });
    await kept.set('k', 'old', { tags: ['a'], timeout: 10 });
    await context.pass('k', 10);
    const gate = new GatedFactory<string>();
    expect(await kept.getOrSet('k', gate.factory, { tags: ['a'] })).toBe('old');
    gate.open('new');
    while ((await kept.get('k')) !== 'new') await Promise.resolve();
    await elsewhere.invalidateTags('a');
    expect(await kept.get('k')).toBeUndefined();
    await expect(kept.getOrSet('k', failing, { tags: ['a'] })).rejects.toThrow('database away');
  });

  it('TG8 an invalidation while a value is refreshed ahead makes the new one invalid too', async () => {
    const ahead = context.tagged({ refreshAhead: 0.5 });
    await ahead.set('k', 'old', { tags: ['a'], timeout: 100 });
    await context.pass('k', 60);
    const gate = new GatedFactory<string>();
    expect(await ahead.getOrSet('k', gate.factory, { tags: ['a'] })).toBe('old');
    await gate.entered;
    await elsewhere.invalidateTags('a');
    gate.open('made before');
    expect(await ahead.getOrSet('k', () => 'new', { tags: ['a'] })).toBe('new');
    // where the old run was stored meanwhile, dead, the new value is made once more
    expect(await ahead.getOrSet('k', () => 'new', { tags: ['a'] })).toBe('new');
    expect(await elsewhere.get('k')).toBe('new');
  });

  it('TG8 with shared flights one process in all replaces what was invalidated', async () => {
    const [one, other] = [
      context.tagged({ singleFlight: 'shared' }),
      context.taggedElsewhere({ singleFlight: 'shared' }),
    ];
    await one.set('k', 'old', { tags: ['a'] });
    await other.invalidateTags('a');
    const gate = new GatedFactory<string>();
    const first = one.getOrSet('k', gate.factory, { tags: ['a'] });
    await gate.entered;
    const second = other.getOrSet<string>('k', failing, { tags: ['a'] });
    gate.open('new');
    expect(await Promise.all([first, second])).toEqual(['new', 'new']);
    await other.invalidateTags('a');
    expect(await one.get('k')).toBeUndefined();
  });

  it('TG8 keep() and skip() with tags', async () => {
    const kept = context.tagged({ grace: HOUR });
    await kept.set('k', 'old', { tags: ['a'], timeout: 10 });
    await context.pass('k', 10);
    expect(await kept.getOrSet<string>('k', ({ keep }) => keep(), { tags: ['b'] })).toBe('old');
    expect(await kept.get('k')).toBe('old');
    await kept.invalidateTags('a');
    expect(await kept.get('k')).toBe('old');
    await kept.invalidateTags('b');
    expect(await kept.getOrSet('k', ({ skip }) => skip('unstored'), { tags: ['b'] })).toBe('unstored');
    expect(await kept.get('k')).toBeUndefined();
  });
});
