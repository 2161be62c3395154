import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { stores } from '../support/stores.js';

const KEY = 'never-written';
const RULE = { windowMs: 1000, limit: 1, blockMs: 0 };

describe.each(stores)('KeyValueStore, life cycle ($name)', ({ open }) => {
  it('answers a ping while it is open', async () => {
    const { store, close } = await open();
    await store.connect();
    await store.connect();
    await expect(store.ping()).resolves.toBeUndefined();
    await close();
  });

  it('C89 close is idempotent, and every later verb rejects', async () => {
    const { store, close } = await open();
    await Promise.all([store.close(), store.close()]);
    await store.close();
    const verbs: (() => Promise<unknown>)[] = [
      () => store.connect(),
      () => store.ping(),
      () => store.get(KEY),
      () => store.getMany([KEY]),
      () => store.has(KEY),
      () => store.set(KEY, '', null),
      () => store.setMany([[KEY, '']], null),
      () => store.setIfAbsent(KEY, '', null),
      () => store.setIfAbsentOrGet(KEY, '', null),
      () => store.compareAndSet(KEY, '', '', null),
      () => store.compareAndDelete(KEY, ''),
      () => store.delete(KEY),
      () => store.deleteMany([KEY]),
      () => store.incrementIfPresent(KEY, 1),
      () => store.expire(KEY, null),
      () => store.remaining(KEY),
      () => store.rename(KEY, `${KEY}-either`),
      () => store.hit(KEY, RULE),
      async () => {
        for await (const page of store.scan('*')) expect(page).toBeUndefined();
      },
    ];
    const outcomes = await Promise.allSettled(verbs.map((verb) => verb()));
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: expect.any(RedisConnectionError) as unknown,
      });
    await close();
  });

  it('C89 answers what was asked before it was closed', async () => {
    const { store, close } = await open();
    const asked = store.get(KEY);
    await store.close();
    expect(await asked).toBeNull();
    await close();
  });
});
