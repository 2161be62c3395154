import { describeCacheOnEveryStore } from '../support/store-suite.js';

describeCacheOnEveryStore('Cache, reading and writing', (context) => {
  it('C1 set, then get returns the value', async () => {
    await context.cache.set('k', { name: 'Ann', tags: ['a', 'b'] });
    expect(await context.cache.get('k')).toEqual({ name: 'Ann', tags: ['a', 'b'] });
    await context.cache.set('k', 'other', { timeout: 60 });
    expect(await context.cache.get<string>('k')).toBe('other');
  });

  it('C2 a miss is undefined, or the given default', async () => {
    expect(await context.cache.get('k')).toBeUndefined();
    expect(await context.cache.get('k', 'default')).toBe('default');
    expect(await context.cache.get('k', null)).toBeNull();
    expect(await context.cache.get<number>('k', 0, { version: 2 })).toBe(0);
  });

  it('C3 a stored null is a hit', async () => {
    await context.cache.set('k', null);
    expect(await context.cache.get('k', 'default')).toBeNull();
  });

  it('C4 a stored null is there for has and getMany', async () => {
    await context.cache.set('k', null);
    expect(await context.cache.has('k')).toBe(true);
    expect(await context.cache.getMany(['k'])).toEqual(new Map([['k', null]]));
  });

  it.each([false, 0, '', [], {}])('C1 gives back %j, which is no miss', async (value) => {
    await context.cache.set('k', value);
    expect(await context.cache.get('k', 'default')).toEqual(value);
  });

  it('C5 add stores on a free key only', async () => {
    expect(await context.cache.add('k', 'first')).toBe(true);
    expect(await context.cache.get('k')).toBe('first');
    expect(await context.cache.add('k', 'second', 1)).toBe(false);
    expect(await context.cache.get('k')).toBe('first');
    expect(await context.cache.ttl('k')).toBeGreaterThan(200);
  });

  it('C5 a stored null is no free key', async () => {
    await context.cache.set('k', null);
    expect(await context.cache.add('k', 'second')).toBe(false);
    expect(await context.cache.get('k')).toBeNull();
  });

  it('C6 add takes an expired key for free', async () => {
    await context.cache.set('k', 'old', 60);
    await context.elapse('k', 60);
    expect(await context.cache.add('k', 'new')).toBe(true);
    expect(await context.cache.get('k')).toBe('new');
  });

  it('C16 of many concurrent adds exactly one is true', async () => {
    const theirs = context.open({}, context.other);
    for (let round = 0; round < 20; round++) {
      const added = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? context.cache : theirs).add(`k${round}`, i)),
      );
      expect(added.filter(Boolean)).toHaveLength(1);
      expect(await context.cache.get(`k${round}`)).toBe(added.indexOf(true));
    }
  });

  it('C7 caches with different prefixes are independent', async () => {
    const other = context.open({ keyPrefix: `${context.prefix}-other` });
    await context.cache.set('k', 'mine');
    await other.set('k', 'theirs');
    expect(await context.cache.get('k')).toBe('mine');
    expect(await other.get('k')).toBe('theirs');
    await other.delete('k');
    expect(await context.cache.has('k')).toBe(true);
  });

  it("C8 getMany gives the caller's keys that exist", async () => {
    await context.cache.set('a', 1);
    await context.cache.set('b', [2]);
    const values = await context.cache.getMany(['b', 'missing', 'a', 'a']);
    expect([...values]).toEqual([['b', [2]], ['a', 1]]); // prettier-ignore
  });

  it('C9 getMany takes any iterable and reads it once', async () => {
    await context.cache.setMany({ a: 1, b: 2 });
    let reads = 0;
    const once = {
      *[Symbol.iterator]() {
        reads++;
        yield* ['a', 'b'];
      },
    };
    const expected = new Map(Object.entries({ a: 1, b: 2 }));
    expect(await context.cache.getMany(once)).toEqual(expected);
    expect(reads).toBe(1);
    expect(await context.cache.getMany(new Set(['a', 'b']))).toEqual(expected);
    expect(await context.cache.getMany(expected.keys())).toEqual(expected);
  });

  it.each(['abc', null, undefined, 5, {}])('C9 %p is no list of keys', async (given) => {
    const keys = given as Iterable<string>;
    await expect(context.cache.getMany(keys)).rejects.toThrow(TypeError);
    await expect(context.cache.deleteMany(keys)).rejects.toThrow(/keys: expected an array/);
  });

  it('C8 an array of keys may be used again before the answer is there', async () => {
    await context.cache.setMany({ a: 1, b: 2 });
    const keys = ['a', 'b'];
    const values = context.cache.getMany(keys);
    keys.reverse();
    expect([...(await values)]).toEqual([['a', 1], ['b', 2]]); // prettier-ignore
  });

  it('C10 getMany of nothing is empty', async () => {
    expect(await context.cache.getMany([])).toEqual(new Map());
  });

  it('C12 delete says whether there was one and leaves the others', async () => {
    await context.cache.setMany({ a: 1, b: 2 });
    expect(await context.cache.delete('a')).toBe(true);
    expect(await context.cache.delete('a')).toBe(false);
    expect(await context.cache.get('a')).toBeUndefined();
    expect(await context.cache.get('b')).toBe(2);
  });

  it('C13 has', async () => {
    expect(await context.cache.has('k')).toBe(false);
    await context.cache.set('k', 1);
    expect(await context.cache.has('k')).toBe(true);
  });

  it('C15 of many concurrent deletes exactly one is true', async () => {
    const theirs = context.open({}, context.other);
    for (let round = 0; round < 20; round++) {
      await context.cache.set('k', round);
      const deleted = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? context.cache : theirs).delete('k')),
      );
      expect(deleted.filter(Boolean)).toHaveLength(1);
    }
  });

  it('C17 set with a timeout gives one, with null removes one', async () => {
    await context.cache.set('k', 1, null);
    await context.cache.set('k', 2, 60);
    expect(await context.cache.ttl('k')).toBeGreaterThan(50);
    await context.cache.set('k', 3, null);
    expect(await context.cache.ttl('k')).toBeNull();
    expect(await context.cache.get('k')).toBe(3);
  });

  it('C71 what a caller does with its object never changes the cache', async () => {
    const given = { list: [1], inner: { a: 1 } };
    await context.cache.set('k', given);
    const added = [1];
    await context.cache.add('added', added);
    await context.cache.setMany({ many: added });
    given.list.push(2);
    given.inner.a = 2;
    added.push(2);
    const got = await context.cache.get<typeof given>('k');
    expect(got).toEqual({ list: [1], inner: { a: 1 } });
    got!.list.push(3);
    const many = await context.cache.getMany<number[]>(['added', 'many']);
    expect([...many.values()]).toEqual([[1], [1]]);
    many.get('added')!.push(3);
    expect(await context.cache.get('k')).toEqual({ list: [1], inner: { a: 1 } });
    expect(await context.cache.get('added')).toEqual([1]);
  });

  it('C71 nor what one of several callers of getOrSet does', async () => {
    const made = [1];
    const callers = Array.from({ length: 3 }, () => context.cache.getOrSet('k', () => made));
    const [first, second, third] = await Promise.all(callers);
    first!.push(2);
    made.push(3);
    expect([second, third, await context.cache.get('k')]).toEqual([[1], [1], [1]]);
  });
});
