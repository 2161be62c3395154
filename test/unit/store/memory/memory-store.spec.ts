import { execFileSync } from 'node:child_process';
import { RedisServiceError } from '../../../../lib/errors/redis.errors.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';

const RULE = { windowMs: 60_000, limit: 3, blockMs: 0 };

describe('MemoryStore', () => {
  const keysOf = async (store: MemoryStore): Promise<string[]> => {
    const keys: string[] = [];
    for await (const page of store.scan('*')) keys.push(...page);
    return keys.sort();
  };

  describe('with maxEntries', () => {
    it('drops the least recently used entry first', async () => {
      const store = new MemoryStore({ maxEntries: 3 });
      await store.setMany([['a', '1'], ['b', '2'], ['c', '3']], null); // prettier-ignore
      await store.get('a');
      await store.set('d', '4', null);
      expect(await keysOf(store)).toEqual(['a', 'c', 'd']);
      await store.set('c', '5', null);
      await store.set('e', '6', null);
      expect(await keysOf(store)).toEqual(['c', 'd', 'e']);
    });

    it('never holds more, however they come', async () => {
      const store = new MemoryStore({ maxEntries: 3 });
      for (let i = 0; i < 100; i++) {
        await store.set(`set${i}`, '', 60_000);
        await store.setIfAbsent(`add${i}`, '', null);
        await store.rename(`set${i}`, `renamed${i}`);
        await store.setMany([[`one${i}`, ''], [`two${i}`, '']], null); // prettier-ignore
        if (i % 3 === 0) await store.delete(`two${i}`);
        expect((await keysOf(store)).length).toBeLessThanOrEqual(3);
      }
    });

    it('counts an entry once when it is written again', async () => {
      const store = new MemoryStore({ maxEntries: 2 });
      await store.set('a', '1', null);
      for (let i = 0; i < 10; i++) {
        await store.set('b', String(i), null);
        await store.incrementIfPresent('b', 1);
      }
      expect(await keysOf(store)).toEqual(['a', 'b']);
    });

    it('does not drop a rate limit, which would let its caller pass', async () => {
      const store = new MemoryStore({ maxEntries: 2 });
      await store.hit('limit', RULE);
      for (let i = 0; i < 50; i++) await store.set(`k${i}`, '', null);
      expect(await store.hit('limit', RULE)).toMatchObject({ hits: 2 });
      expect(await keysOf(store)).toEqual(['k48', 'k49', 'limit']);
    });

    it('without it drops nothing', async () => {
      const store = new MemoryStore();
      for (let i = 0; i < 5000; i++) await store.set(`k${i}`, '', null);
      expect(await keysOf(store)).toHaveLength(5000);
    });
  });

  it('another kind of entry under the key is a WRONGTYPE, as on Redis', async () => {
    const store = new MemoryStore();
    await store.hit('limit', RULE);
    await store.set('text', 'a', null);
    for (const call of [
      () => store.get('limit'),
      () => store.incrementIfPresent('limit', 1),
      () => store.compareAndSet('limit', 'a', 'b', null),
      () => store.setIfAbsentOrGet('limit', 'a', null),
      () => store.hit('text', RULE),
    ])
      await expect(call()).rejects.toThrow(RedisServiceError);
    expect(await store.getMany(['limit', 'text'])).toEqual([null, 'a']);
    expect(await store.setIfAbsent('limit', 'a', null)).toBe(false);
    expect(await store.delete('limit')).toBe(true);
  });

  it('keeps no process alive', () => {
    const script = `
      import { MemoryStore } from './lib/store/memory/memory-store.ts';
      const store = new MemoryStore();
      await store.set('k', 'v', 600000);
      process.stdout.write(await store.get('k'));`;
    const args = ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 14_000 })).toBe('v');
  });
});
