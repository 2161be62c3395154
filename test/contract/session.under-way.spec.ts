import { jest } from '@jest/globals';
import { SessionConflictError } from '../../lib/errors/session.errors.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { Faults, type StoreVerb } from '../../lib/testing/faults.js';
import { GatedFactory } from '../support/gated-factory.js';
import {
  recorded,
  sessionsOf,
  storeSession,
  storeWith,
  storeKeyOf,
  sessionKeysOf,
} from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Session, while a save or a flush is in progress', (context) => {
  let here: SessionService;
  /** Another process. */
  let there: SessionService;

  beforeEach(() => {
    here = sessionsOf(context);
    there = sessionsOf(context, {}, { store: context.other });
  });

  const stored = (entries: Record<string, unknown>): Promise<string> => storeSession(here, entries);

  const entriesOf = async (key: string): Promise<unknown> => (await here.load(key)).toJSON();

  /** Sessions on a store whose next calls of a verb fail. */
  const failing = (verb: StoreVerb, times = 1): SessionService => {
    const faults = new Faults();
    faults.failNext({ verbs: [verb], times }, new Error('away'));
    return sessionsOf(context, {}, { store: faults.wrap(context.store) });
  };

  it('S57 a failed save can be tried again', async () => {
    const key = await stored({ a: 1 });
    const service = failing('compareAndSet');
    const session = await service.load(key);
    session.set('b', 2);
    await expect(service.save(session)).rejects.toThrow('away');
    expect((await service.commit(session)).outcome).toBe('saved');
    expect(await entriesOf(key)).toEqual({ a: 1, b: 2 });
  });

  it('S38 S57 an object in hand is still that of the session after a save that merged', async () => {
    const key = await stored({ cart: ['x'], tags: ['x'] });
    const session = await here.load(key);
    const cart = session.get('cart') as string[];
    const other = await there.load(key);
    other.set('z', 1);
    other.set('tags', ['theirs']);
    await there.save(other);
    session.set('b', 1);
    await here.save(session);
    expect(session.get('cart')).toBe(cart);
    cart.push('y');
    expect((await here.commit(session)).outcome).toBe('saved');
    expect(await entriesOf(key)).toEqual({ cart: ['x', 'y'], tags: ['theirs'], z: 1, b: 1 });
  });

  it('S57 changes made while a save is in progress belong to the next one', async () => {
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

  it('S57 a flush during a save leaves nothing behind', async () => {
    const session = here.open();
    session.set('a', 1);
    const saving = here.save(session);
    const flushing = session.flush();
    await Promise.allSettled([saving, flushing]);
    expect(session.key).toBeNull();
    expect(await sessionKeysOf(context)).toEqual([]);
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
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
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
    const service = failing('compareAndSet');
    const session = await service.load(key);
    session.set('a', 0);
    await expect(service.save(session)).rejects.toThrow('away');
    const other = await there.load(key);
    other.set('a', 1);
    await there.save(other);
    await service.save(session);
    expect(await entriesOf(key)).toEqual({ a: 0 });
  });

  it('S57 a save that still queues when the session is flushed saves nothing', async () => {
    const session = here.open();
    session.set('a', 1);
    const saves = [here.save(session), here.save(session)];
    await Promise.all([...saves, session.flush()]);
    expect(session.key).toBeNull();
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S22 S57 a cycle of a session that others keep changing is given up at the deadline, with its new key', async () => {
    const key = await stored({ a: 1 });
    const store = storeWith(context.store, {
      moveAway: async (storeKey) => ({
        outcome: 'changed',
        current: (await context.store.get(storeKey))!,
      }),
    });
    const contended = sessionsOf(context, { operationTimeoutMs: 20 }, { store });
    const session = await contended.load(key);
    await expect(contended.cycleKey(session)).rejects.toThrow(SessionConflictError);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, key)]);
  });

  it('S21 S57 saves that queue around a cycle cost no retry', async () => {
    const { store, calls } = recorded(context.store);
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    const saving = service.save(session);
    session.set('b', 2);
    await Promise.all([saving, service.cycleKey(session), service.save(session)]);
    expect(calls).toEqual(['get', 'compareAndSet', 'setIfAbsent', 'moveAway', 'compareAndSet']);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S15 S21 S57 saves of a new session around its cycle lose nothing', async () => {
    const session = here.open();
    const first = session.save();
    await session.cycleKey();
    const second = session.save();
    await first;
    session.set('a', 1);
    await Promise.all([second, session.save()]);
    expect(await entriesOf(session.key!)).toEqual({ a: 1 });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S21 S57 two cycles at once and a save after the first leave one session', async () => {
    const session = await here.load(await stored({ a: 1 }));
    const cycles = [here.cycleKey(session), here.cycleKey(session)];
    await cycles[0];
    session.set('b', 1);
    await Promise.all([...cycles, session.save()]);
    expect(await entriesOf(session.key!)).toEqual({ a: 1, b: 1 });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S20 S23 a flush while the old key of a cycle is deleted ends the new one too', async () => {
    const store = storeWith(context.store, {
      moveAway: async (...args) => {
        const outcome = await context.store.moveAway(...args);
        await session.flush();
        return outcome;
      },
    });
    const service = sessionsOf(context, {}, { store });
    const session = await service.load(await stored({ a: 1 }));
    await service.cycleKey(session);
    expect(session.key).toBeNull();
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S20 a save that fails after a flush gives nothing back to save', async () => {
    const service = failing('moveAway');
    const session = await service.load(await stored({ a: 1 }));
    session.set('a', 2);
    const [cycle] = await Promise.allSettled([service.cycleKey(session), session.flush()]);
    expect(cycle.status).toBe('rejected');
    expect(session.modified).toBe(false);
    expect(await service.commit(session)).toEqual({ outcome: 'deleted', key: null });
  });

  it('S21 S57 a failed save that was to cycle and to replace does so when it is tried again', async () => {
    const key = await stored({ a: 1, b: 1 });
    const service = failing('moveAway');
    const session = await service.load(key);
    session.clear();
    session.set('c', 1);
    await expect(service.cycleKey(session)).rejects.toThrow('away');
    const other = await there.load(key);
    other.set('b', 2);
    await there.save(other);
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
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
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
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, key)]);
    });

    it('S60 H3 and fails is tried again by the commit, which tells what becomes of it', async () => {
      const key = await stored({ a: 1 });
      const service = failing('compareAndSet', 2);
      const session = await service.load(key);
      session.set('a', 2);
      void session.save();
      await expect(service.commit(session)).rejects.toThrow('away');
      const better = failing('compareAndSet');
      const again = await better.load(key);
      again.set('b', 2);
      void again.save();
      expect(await better.commit(again)).toEqual({ outcome: 'saved', key });
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
    expect(calls).toEqual(['get', 'end']);
  });

  it('S20 flushes at once are one, and each is told when it fails', async () => {
    const { store, calls } = recorded(context.store);
    const service = sessionsOf(context, {}, { store });
    const flushed = jest.fn();
    service.events.on('flushed', flushed);
    const session = await service.load(await stored({ a: 1 }));
    await Promise.all([session.flush(), session.flush()]);
    expect(calls).toEqual(['get', 'end']);
    expect(flushed).toHaveBeenCalledTimes(1);

    const failed = failing('end', 2);
    const kept = await failed.load(await stored({ a: 1 }));
    const ends = await Promise.allSettled([kept.flush(), kept.flush()]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('S20 a flush of a session that is not there tells no listener that one was ended', async () => {
    const flushed = jest.fn();
    here.events.on('flushed', flushed);
    await here.open('k'.repeat(32)).flush();
    const gone = await here.load(await stored({ a: 1 }));
    await there.delete(gone.key!);
    await gone.flush();
    expect(flushed).not.toHaveBeenCalled();
  });

  it('S20 a flush that failed is told by the save that follows, and can be tried again', async () => {
    const key = await stored({ a: 1 });
    const service = failing('end');
    const session = await service.load(key);
    void session.flush();
    session.set('b', 2);
    await expect(session.save()).rejects.toThrow('away');
    await session.flush();
    expect(await here.exists(key)).toBe(false);
    session.set('c', 3);
    await session.save();
    expect(await entriesOf(session.key!)).toEqual({ c: 3 });
  });

  it("S20 a flush that fails is the commit's to tell, when nobody awaited it", async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const service = failing('end');
    const session = await service.load(await stored({ a: 1 }));
    void session.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    await expect(service.commit(session)).rejects.toThrow('away');
  });
});
