import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
} from '../../lib/errors/session.errors.js';
import type { SessionService } from '../../lib/session/session.service.js';
import {
  recorded,
  sessionsOf,
  storeSession,
  storeWith,
  storeKeyOf,
  sessionKeysOf,
} from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Session, races', (context) => {
  let here: SessionService;
  /** Another process. */
  let there: SessionService;

  beforeEach(() => {
    here = sessionsOf(context);
    there = sessionsOf(context, {}, { store: context.other });
  });

  const stored = (entries: Record<string, unknown>): Promise<string> => storeSession(here, entries);

  const entriesOf = async (key: string): Promise<unknown> => (await here.load(key)).toJSON();

  it('S53 SE12 a drawn key that is taken after all is a SessionCreateError, and what stands there stays', async () => {
    const taken = new Set<string>();
    const store = storeWith(context.store, {
      setIfAbsent: async (key, value, ttl) => {
        taken.add(key);
        await context.store.set(key, 'of somebody else', 60_000);
        return context.store.setIfAbsent(key, value, ttl);
      },
    });
    await expect(sessionsOf(context, {}, { store }).create()).rejects.toThrow(SessionCreateError);
    expect(taken.size).toBe(1);
    for (const key of taken) expect(await context.store.get(key)).toBe('of somebody else');
  });

  it('S55 the save of a session that was deleted never brings it back', async () => {
    const key = await stored({ a: 1 });
    const session = await here.load(key);
    await there.delete(key);
    session.set('a', 2);
    await expect(here.save(session)).rejects.toThrow(SessionInterruptedError);
    await expect(here.commit(session)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S56 it is one atomic call', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = await watched.load(key);
    await there.delete(key);
    await expect(watched.save(session)).rejects.toThrow(SessionInterruptedError);
    expect(calls).toEqual(['get', 'compareAndSet']);
  });

  it('S57 requests that change different entries both survive', async () => {
    const key = await stored({ a: 1, b: 1, keep: { deep: [1] } });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.set('a', 2);
    two.set('b', 2);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ a: 2, b: 2, keep: { deep: [1] } });
    expect(two.toJSON()).toEqual({ a: 2, b: 2, keep: { deep: [1] } });
  });

  it('S57 entries changed inside count as changed', async () => {
    const key = await stored({ one: [1], two: [1] });
    const [one, two] = [await here.load(key), await there.load(key)];
    (one.get('one') as number[]).push(2);
    (two.get('two') as number[]).push(2);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ one: [1, 2], two: [1, 2] });
  });

  it('S57 of the same entry the last one wins, also when it set what was there before', async () => {
    const key = await stored({ a: 0 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.set('a', 1);
    two.set('a', 0);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ a: 0 });
  });

  it('S57 a deleted entry stays deleted when the other request left it alone', async () => {
    const key = await stored({ a: 1, b: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.delete('a');
    two.set('b', 2);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ b: 2 });
  });

  it('S57 … in either order', async () => {
    const key = await stored({ a: 1, b: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.delete('a');
    two.set('b', 2);
    await there.commit(two);
    await here.commit(one);
    expect(await entriesOf(key)).toEqual({ b: 2 });
  });

  it('S57 … and is there again when the other request set it', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.delete('a');
    two.set('a', 2);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ a: 2 });
  });

  it('S57 clear replaces the whole session and merges nothing', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.set('b', 2);
    two.clear();
    two.set('c', 3);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ c: 3 });
  });

  it('S57 what was set after a clear that came first is merged', async () => {
    const key = await stored({ a: 1, b: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.clear();
    two.set('b', 2);
    await here.commit(one);
    await there.commit(two);
    expect(await entriesOf(key)).toEqual({ b: 2 });
  });

  it('S57 flush ends the session for the other request too', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.set('b', 2);
    await two.flush();
    await expect(here.commit(one)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S57 a later save of a merged session goes on from there', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.set('b', 1);
    two.set('c', 1);
    await here.save(one);
    await there.save(two);
    two.set('d', 1);
    await there.save(two);
    one.delete('a');
    await here.save(one);
    expect(await entriesOf(key)).toEqual({ b: 1, c: 1, d: 1 });
  });

  it('S57 the expiry that another request set counts', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    one.setExpiry(60);
    two.set('b', 2);
    await here.commit(one);
    await there.commit(two);
    expect(await context.store.remaining(storeKeyOf(context, key))).toBeLessThanOrEqual(60_000);
  });

  it.each([2, 26])('S57 %i requests at once that set an entry each all survive', async (count) => {
    const key = await stored({ start: true });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const loaded = await Promise.all(Array.from({ length: count }, () => watched.load(key)));
    loaded.forEach((session, index) => session.set(`entry${index}`, index));
    await Promise.all(loaded.map((session) => watched.commit(session)));
    const expected = Object.fromEntries(loaded.map((_, index) => [`entry${index}`, index]));
    expect(await entriesOf(key)).toEqual({ start: true, ...expected });
    expect(calls.filter((verb) => verb === 'compareAndSet').length).toBeLessThanOrEqual(2 * count);
  });

  it('S57 of requests on two processes as well', async () => {
    const key = await stored({});
    const services = [here, there, sessionsOf(context), sessionsOf(context, {}, { store: context.other })];
    const work = services.flatMap((service, process) =>
      Array.from({ length: 8 }, async (_, index) => {
        const session = await service.load(key);
        session.set(`${process}.${index}`, true);
        await service.commit(session);
      }),
    );
    await Promise.all(work);
    expect((await here.load(key)).keys()).toHaveLength(32);
  });

  it('S57 a session that others keep changing is given up at the deadline', async () => {
    const key = await stored({ a: 0 });
    const store = storeWith(context.store, {
      compareAndSet: async (storeKey, expected, value, ttl) => {
        const meddler = await here.load(key);
        meddler.set('a', (meddler.get('a') as number) + 1);
        await here.save(meddler);
        return context.store.compareAndSet(storeKey, expected, value, ttl);
      },
    });
    const contended = sessionsOf(context, { operationTimeoutMs: 50 }, { store });
    const session = await contended.load(key);
    session.set('b', 1);
    await expect(contended.save(session)).rejects.toThrow(SessionConflictError);
    expect(session.modified).toBe(true);
    expect((await here.load(key)).has('b')).toBe(false);
  });

  it('S58 concurrent creates never share a key', async () => {
    const created = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? here : there).create()));
    expect(new Set(created.map(({ key }) => key)).size).toBe(100);
  });

  it('S22 of two cycles at once one wins, and one session is left', async () => {
    const key = await stored({ a: 1 });
    const [one, two] = [await here.load(key), await there.load(key)];
    const results = await Promise.allSettled([here.cycleKey(one), there.cycleKey(two)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await sessionKeysOf(context)).toHaveLength(1);
  });
});
