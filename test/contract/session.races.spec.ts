import { jest } from '@jest/globals';
import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
} from '../../lib/errors/session.errors.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { GatedFactory } from '../support/gated-factory.js';
import { recorded, sessionsOf, storeWith, storeKeyOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Session, races', (context) => {
  let here: SessionService;
  /** Another process. */
  let there: SessionService;

  beforeEach(() => {
    here = sessionsOf(context);
    there = sessionsOf(context, {}, { store: context.other });
  });

  const stored = async (entries: Record<string, unknown>): Promise<string> => {
    const session = here.open();
    session.update(entries);
    await here.save(session);
    return session.key!;
  };

  const entriesOf = async (key: string): Promise<unknown> => (await here.load(key)).toJSON();

  it('S53 creating never touches what stands under the key', async () => {
    const taken = new Set<string>();
    const store = storeWith(context.store, {
      setIfAbsent: async (key, value, ttl) => {
        if (taken.size < 2) {
          taken.add(key);
          await context.store.set(key, 'of somebody else', 60_000);
        }
        return context.store.setIfAbsent(key, value, ttl);
      },
    });
    const session = await sessionsOf(context, {}, { store }).create();
    expect(taken).not.toContain(storeKeyOf(context, session.key));
    for (const key of taken) expect(await context.store.get(key)).toBe('of somebody else');
  });

  it('S54 and gives up when every key is taken', async () => {
    let tried = 0;
    const store = storeWith(context.store, {
      setIfAbsent: () => {
        tried++;
        return Promise.resolve(false);
      },
    });
    await expect(sessionsOf(context, {}, { store }).create()).rejects.toThrow(SessionCreateError);
    expect(tried).toBeGreaterThan(1);
    expect(tried).toBeLessThan(50);
  });

  it('S55 the save of a session that was deleted never brings it back', async () => {
    const key = await stored({ a: 1 });
    const session = await here.load(key);
    await there.delete(key);
    session.set('a', 2);
    await expect(here.save(session)).rejects.toThrow(SessionInterruptedError);
    await expect(here.commit(session)).rejects.toThrow(SessionInterruptedError);
    expect(await context.redisKeys()).toEqual([]);
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
    expect(await context.redisKeys()).toEqual([]);
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

  it('S57 a failed save can be tried again', async () => {
    const key = await stored({ a: 1 });
    let failing = true;
    const store = storeWith(context.store, {
      compareAndSet: (...args) =>
        failing ? Promise.reject(new Error('away')) : context.store.compareAndSet(...args),
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(key);
    session.set('b', 2);
    await expect(service.save(session)).rejects.toThrow('away');
    failing = false;
    expect((await service.commit(session)).outcome).toBe('saved');
    expect(await entriesOf(key)).toEqual({ a: 1, b: 2 });
  });

  it('S57 changes made while a save is under way belong to the next one', async () => {
    const key = await stored({ a: 1 });
    const session = await here.load(key);
    const other = await there.load(key);
    other.set('z', 1);
    await there.save(other);
    session.set('b', 1);
    const saving = here.save(session);
    session.set('c', 1);
    await saving;
    expect(session.modified).toBe(true);
    expect(session.toJSON()).toEqual({ a: 1, b: 1, c: 1, z: 1 });
    expect((await here.commit(session)).outcome).toBe('saved');
    expect(await entriesOf(key)).toEqual({ a: 1, b: 1, c: 1, z: 1 });
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
    expect(await context.redisKeys()).toHaveLength(1);
  });

  it('S57 a flush during a save leaves nothing behind', async () => {
    const session = here.open();
    session.set('a', 1);
    const saving = here.save(session);
    const flushing = session.flush();
    await Promise.allSettled([saving, flushing]);
    expect(session.key).toBeNull();
    expect(await context.redisKeys()).toEqual([]);
  });

  it('S57 a clear during a save is left to the next one', async () => {
    const key = await stored({ a: 1 });
    const session = await here.load(key);
    const other = await there.load(key);
    other.set('z', 1);
    await there.save(other);
    session.set('b', 1);
    const saving = here.save(session);
    session.clear();
    await saving;
    expect(session.keys()).toEqual([]);
    await here.commit(session);
    expect(await entriesOf(key)).toEqual({});
  });

  it('S57 a reload during a cycle waits for it', async () => {
    const session = await here.load(await stored({ a: 1 }));
    const cycling = here.cycleKey(session);
    await Promise.all([cycling, session.reload()]);
    expect(session.toJSON()).toEqual({ a: 1 });
    expect(await context.redisKeys()).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S57 an entry set after the merge of a save is kept for the next one', async () => {
    const key = await stored({ a: 1 });
    let attempts = 0;
    const store = storeWith(context.store, {
      compareAndSet: async (...args) => {
        if (++attempts === 2) {
          session.set('late', 1);
          session.delete('a');
        }
        return context.store.compareAndSet(...args);
      },
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(key);
    const other = await there.load(key);
    other.set('z', 1);
    await there.save(other);
    session.set('b', 1);
    await service.save(session);
    expect(attempts).toBe(2);
    expect(await entriesOf(key)).toEqual({ a: 1, b: 1, z: 1 });
    expect(session.toJSON()).toEqual({ b: 1, late: 1, z: 1 });
    await service.commit(session);
    expect(await entriesOf(key)).toEqual({ b: 1, late: 1, z: 1 });
  });

  it('S57 what a failed save was to set wins in the next one, although it was there before', async () => {
    const key = await stored({ a: 0 });
    let failing = true;
    const store = storeWith(context.store, {
      compareAndSet: (...args) =>
        failing ? Promise.reject(new Error('away')) : context.store.compareAndSet(...args),
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(key);
    session.set('a', 0);
    await expect(service.save(session)).rejects.toThrow('away');
    const other = await there.load(key);
    other.set('a', 1);
    await there.save(other);
    failing = false;
    await service.save(session);
    expect(await entriesOf(key)).toEqual({ a: 0 });
  });

  it('S57 a save that still queues when the session is flushed saves nothing', async () => {
    const session = here.open();
    session.set('a', 1);
    const saves = [here.save(session), here.save(session)];
    await Promise.all([...saves, session.flush()]);
    expect(session.key).toBeNull();
    expect(await context.redisKeys()).toEqual([]);
  });

  it('S22 S57 a cycle of a session that others keep changing is given up at the deadline, with its new key', async () => {
    const key = await stored({ a: 1 });
    const store = storeWith(context.store, {
      compareAndDelete: async (storeKey) => ({
        outcome: 'changed',
        current: (await context.store.get(storeKey))!,
      }),
    });
    const contended = sessionsOf(context, { operationTimeoutMs: 20 }, { store });
    const session = await contended.load(key);
    await expect(contended.cycleKey(session)).rejects.toThrow(SessionConflictError);
    expect(session.key).toBe(key);
    expect(await context.redisKeys()).toEqual([storeKeyOf(context, key)]);
  });

  it('S21 S57 saves that queue around a cycle cost no retry', async () => {
    const { store, calls } = recorded(context.store);
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    await Promise.all([service.save(session), service.cycleKey(session), service.save(session)]);
    expect(calls).toEqual(['get', 'compareAndSet', 'setIfAbsent', 'compareAndDelete', 'compareAndSet']);
    expect(await context.redisKeys()).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S20 S23 a flush while the old key of a cycle is deleted ends the new one too', async () => {
    const store = storeWith(context.store, {
      compareAndDelete: async (...args) => {
        const outcome = await context.store.compareAndDelete(...args);
        await session.flush();
        return outcome;
      },
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    await service.cycleKey(session);
    expect(session.key).toBeNull();
    expect(await context.redisKeys()).toEqual([]);
  });

  it('S20 a save that fails after a flush gives nothing back to save', async () => {
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const service = sessionsOf(context, {}, { store: storeWith(context.store, { compareAndDelete: away }) });
    const session = await service.load(await stored({ a: 1 }));
    session.set('a', 2);
    const cycling = service.cycleKey(session);
    await session.flush();
    await expect(cycling).rejects.toThrow('away');
    expect(session.modified).toBe(false);
    expect(await service.commit(session)).toEqual({ outcome: 'deleted', key: null });
  });

  it('S21 S57 a failed save that was to cycle and to replace does so when it is tried again', async () => {
    const key = await stored({ a: 1, b: 1 });
    let failing = true;
    const store = storeWith(context.store, {
      compareAndDelete: (...args) =>
        failing ? Promise.reject(new Error('away')) : context.store.compareAndDelete(...args),
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(key);
    session.clear();
    session.set('c', 1);
    await expect(service.cycleKey(session)).rejects.toThrow('away');
    const other = await there.load(key);
    other.set('b', 2);
    await there.save(other);
    failing = false;
    expect(await service.commit(session)).toEqual({ outcome: 'cycled', key: session.key });
    expect(session.key).not.toBe(key);
    expect(await entriesOf(session.key!)).toEqual({ c: 1 });
  });

  describe('a save that nobody awaits', () => {
    it('S15 H2 of a new session is awaited by the commit, which makes no second one', async () => {
      const session = here.open();
      session.set('a', 1);
      void session.save();
      expect(await here.commit(session)).toEqual({ outcome: 'created', key: session.key });
      expect(await context.redisKeys()).toEqual([storeKeyOf(context, session.key)]);
    });

    it('S57 H2 of a stored one is awaited by the commit', async () => {
      const key = await stored({ a: 1 });
      const session = await here.load(key);
      session.set('a', 2);
      void session.save();
      expect(await here.commit(session)).toEqual({ outcome: 'saved', key });
      expect(await entriesOf(key)).toEqual({ a: 2 });
    });

    it('S21 H2 of a cycled one gives the commit the new key, and what is set after it goes there', async () => {
      for (const change of [{}, { b: 1 }]) {
        const key = await stored({ a: 1 });
        const session = await here.load(key);
        void here.cycleKey(session);
        session.update(change);
        expect(await here.commit(session)).toEqual({ outcome: 'cycled', key: session.key });
        expect(session.key).not.toBe(key);
        expect(await entriesOf(session.key!)).toEqual(session.toJSON());
      }
    });

    it('S23 H2 has ended when the session of a failed request is discarded', async () => {
      const session = await here.load(await stored({ a: 1 }));
      void here.cycleKey(session);
      const { key } = await here.discard(session);
      expect(await context.redisKeys()).toEqual([storeKeyOf(context, key)]);
    });

    it('S60 H3 and fails is tried again by the commit, which tells what becomes of it', async () => {
      const key = await stored({ a: 1 });
      let failures = 2;
      const store = storeWith(context.store, {
        compareAndSet: (...args) =>
          failures-- > 0 ? Promise.reject(new Error('away')) : context.store.compareAndSet(...args),
      });
      const service = sessionsOf(context, {}, { store });
      const [one, two] = [await service.load(key), await service.load(key)];
      one.set('a', 2);
      void one.save();
      await expect(service.commit(one)).rejects.toThrow('away');
      two.set('b', 2);
      failures = 1;
      void two.save();
      expect(await service.commit(two)).toEqual({ outcome: 'saved', key });
      expect(await entriesOf(key)).toEqual({ a: 1, b: 2 });
    });
  });

  it('S20 a load that is answered after a flush brings nothing back', async () => {
    const gate = new GatedFactory<undefined>();
    const store = storeWith(context.store, {
      get: async (key) => {
        const text = await context.store.get(key);
        await gate.factory();
        return text;
      },
    });
    const service = sessionsOf(context, {}, { store });
    const session = service.open(await stored({ a: 1 }));
    const loading = service.ensureLoaded(session);
    await gate.entered;
    await session.flush();
    session.set('b', 2);
    gate.open(undefined);
    await loading;
    expect(session.toJSON()).toEqual({ b: 2 });
    await service.commit(session);
    expect(await entriesOf(session.key!)).toEqual({ b: 2 });
  });

  it('S20 a second flush deletes nothing twice', async () => {
    const { store, calls } = recorded(context.store);
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    await session.flush();
    await session.flush();
    expect(calls).toEqual(['get', 'delete']);
  });

  it('S20 a flush that failed is told by the save that follows, and can be tried again', async () => {
    const key = await stored({ a: 1 });
    let failing = true;
    const store = storeWith(context.store, {
      delete: (...args) => (failing ? Promise.reject(new Error('away')) : context.store.delete(...args)),
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(key);
    void session.flush();
    session.set('b', 2);
    await expect(session.save()).rejects.toThrow('away');
    failing = false;
    await session.flush();
    expect(await here.exists(key)).toBe(false);
    session.set('c', 3);
    await session.save();
    expect(await entriesOf(session.key!)).toEqual({ c: 3 });
  });

  it("S20 a flush that fails is the commit's to tell, when nobody awaited it", async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const store = storeWith(context.store, { delete: () => Promise.reject(new Error('away')) });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    void session.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    await expect(service.commit(session)).rejects.toThrow('away');
  });
});
