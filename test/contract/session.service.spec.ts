import {
  SessionCreateError,
  SessionInterruptedError,
  SessionStateError,
} from '../../lib/errors/session.errors.js';
import type { SessionService } from '../../lib/session/session.service.js';
import {
  recorded,
  sessionsOf,
  storeSession,
  storeWith,
  storeKeyOf,
  sessionKeysOf,
  secretKeys,
} from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const KEY = /^[a-z0-9]{32}$/;

describeOnEveryStore('SessionService', (context) => {
  let sessions: SessionService;

  beforeEach(() => {
    sessions = sessionsOf(context);
  });

  const entriesOf = async (key: string | null): Promise<unknown> => (await sessions.load(key!)).toJSON();

  const stored = (entries: Record<string, unknown>): Promise<string> => storeSession(sessions, entries);

  it('S15 the save of a new one makes a key', async () => {
    const session = sessions.open();
    session.set('a', 1);
    await sessions.save(session);
    expect(session.key).toMatch(KEY);
    expect(await entriesOf(session.key)).toEqual({ a: 1 });
    const left = await context.store.remaining(storeKeyOf(context, session.key));
    expect(left).toBeGreaterThan(1_209_590_000);
    expect(left).toBeLessThanOrEqual(1_209_600_000);
  });

  it('S15 create stores an empty one at once', async () => {
    const session = await sessions.create();
    expect(await sessions.exists(session.key!)).toBe(true);
    expect(await entriesOf(session.key)).toEqual({});
  });

  it('S15 two saves of a new one at the same time make one session', async () => {
    const session = sessions.open();
    session.set('a', 1);
    await Promise.all([sessions.save(session), sessions.save(session)]);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S18 must-create refuses where something is stored, and leaves that alone', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    session.set('a', 2);
    await expect(sessions.save(session, { mustCreate: true })).rejects.toThrow(SessionCreateError);
    expect(await entriesOf(key)).toEqual({ a: 1 });
    expect(session.modified).toBe(true);
  });

  it('S18 must-create stores where nothing is, also what was ended, as no other save does', async () => {
    const fresh = sessions.open();
    fresh.set('a', 1);
    await sessions.save(fresh, { mustCreate: true });
    expect(await entriesOf(fresh.key)).toEqual({ a: 1 });
    await sessions.delete(fresh);
    await sessions.save(fresh, { mustCreate: true });
    expect(await entriesOf(fresh.key)).toEqual({ a: 1 });
  });

  it('S19 delete ends a stored session, by key or by object', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    expect(await sessions.delete(key)).toBe(true);
    expect(await sessions.delete(session)).toBe(false);
    expect(await sessions.exists(key)).toBe(false);
    expect(await sessions.delete(sessions.open())).toBe(false);
  });

  it('S20 flush: the stored one is gone, the key null, the data empty; a later save makes a new key', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    await session.flush();
    expect(session.key).toBeNull();
    expect(session.isEmpty).toBe(true);
    expect(await sessions.exists(key)).toBe(false);
    session.set('b', 2);
    await sessions.save(session);
    expect(session.key).toMatch(KEY);
    expect(session.key).not.toBe(key);
    expect(await entriesOf(session.key)).toEqual({ b: 2 });
  });

  it('S20 the commit awaits a flush that nobody awaited', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    void session.flush();
    expect(session.key).toBeNull();
    expect(await sessions.commit(session)).toEqual({ outcome: 'deleted', key: null });
    expect(await sessions.exists(key)).toBe(false);
  });

  it('S20 a flush stands although the request failed', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    void sessions.flush(session);
    session.set('b', 2);
    expect(await sessions.discard(session)).toMatchObject({ outcome: 'deleted' });
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S20 entries set after a flush are those of a new session', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    void session.flush();
    session.set('b', 2);
    const { outcome, key: newKey } = await sessions.commit(session);
    expect(outcome).toBe('created');
    expect(newKey).not.toBe(key);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, newKey)]);
  });

  it('S20 a flush without a stored session does nothing', async () => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = watched.open();
    session.set('a', 1);
    await session.flush();
    expect(await watched.commit(session)).toEqual({ outcome: 'nothing', key: null });
    expect(calls).toEqual([]);
  });

  it('S20 a flush of a session that is not loaded costs the deletion only', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const session = sessionsOf(context, {}, { store }).open(key);
    await session.flush();
    expect(calls).toEqual(['end']);
    expect(await sessions.exists(key)).toBe(false);
  });

  it('SE12 S21 the cycle of a session waits for the commit; a failing request keeps the old one', async () => {
    const key = await stored({ a: 1 });
    const failing = await sessions.load(key);
    failing.set('a', 2);
    await failing.cycleKey();
    expect(failing.key).toMatch(KEY);
    expect(failing.key).not.toBe(key);
    expect(await sessions.discard(failing)).toEqual({ outcome: 'nothing', key });
    expect(await entriesOf(key)).toEqual({ a: 1 });

    const session = await sessions.load(key);
    await session.cycleKey();
    const drawn = session.key;
    expect(await sessions.exists(drawn!)).toBe(false);
    const { outcome, key: newKey } = await sessions.commit(session);
    expect(newKey).toBe(drawn);
    expect(outcome).toBe('cycled');
    expect(newKey).toMatch(KEY);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, newKey)]);
  });

  it('S21 SessionService.cycleKey works at once: new key, same data, the old key dead', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    session.set('b', 2);
    await sessions.cycleKey(session);
    expect(session.key).not.toBe(key);
    expect(await entriesOf(session.key)).toEqual({ a: 1, b: 2 });
    expect(await sessions.exists(key)).toBe(false);
    session.set('c', 3);
    await sessions.save(session);
    expect(await entriesOf(session.key)).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('S21 cycling a session that is not stored creates it', async () => {
    const session = sessions.open();
    await session.cycleKey();
    expect(await sessions.commit(session)).toMatchObject({ outcome: 'created' });
    expect(await entriesOf(session.key)).toEqual({});
  });

  it('S22 the new key is written first, then the old one deleted', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = await watched.load(key);
    await watched.cycleKey(session);
    expect(calls).toEqual(['get', 'setIfAbsent', 'moveAway']);
  });

  it('S22 what another request changed meanwhile is taken along', async () => {
    const key = await stored({ a: 1, b: 1 });
    const session = await sessions.load(key);
    session.set('a', 2);
    const other = await sessions.load(key);
    other.set('b', 2);
    await sessions.save(other);
    await sessions.cycleKey(session);
    expect(session.toJSON()).toEqual({ a: 2, b: 2 });
    expect(await entriesOf(session.key)).toEqual({ a: 2, b: 2 });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('S23 a session that was ended meanwhile is not cycled, and leaves no new key', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    await sessions.delete(key);
    await expect(sessions.cycleKey(session)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S23 a crash between the two steps loses nothing', async () => {
    const key = await stored({ a: 1 });
    const crashing = storeWith(context.store, {
      moveAway: () => Promise.reject(new Error('the process died')),
    });
    const session = await sessionsOf(context, {}, { store: crashing }).load(key);
    session.set('b', 2);
    await expect(session.cycleKey().then(() => session.save())).rejects.toThrow('died');
    expect(await entriesOf(key)).toEqual({ a: 1 });
    expect(session.modified).toBe(true);
  });

  it.each([
    '',
    'abc',
    'A'.repeat(32),
    'a'.repeat(31),
    'a'.repeat(33),
    `${'a'.repeat(31)}ü`,
    `${'a'.repeat(32)}\n`,
  ])('S25 S26 %j never reaches the store', async (key) => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = await watched.load(key);
    expect(session.key).toBeNull();
    expect(session.isEmpty).toBe(true);
    expect(watched.open(key).key).toBeNull();
    expect(await watched.exists(key)).toBe(false);
    expect(await watched.delete(key)).toBe(false);
    expect(calls).toEqual([]);
  });

  it('S29 an unknown key is never adopted', async () => {
    const unknown = 'u'.repeat(32);
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, { saveEveryRequest: true }, { store });
    const session = await watched.load(unknown);
    expect(session.key).toBeNull();
    expect(session.keys()).toEqual([]);
    expect(await watched.commit(session)).toEqual({ outcome: 'nothing', key: null });
    // the session, and its trace
    expect(calls).toEqual(['get', 'get']);

    const written = await watched.load(unknown);
    written.set('a', 1);
    await watched.save(written);
    expect(written.key).toMatch(KEY);
    expect(written.key).not.toBe(unknown);
    expect(await watched.exists(unknown)).toBe(false);
  });

  it('S29 nor is an expired one', async () => {
    const key = await stored({ a: 1 });
    await context.elapseRedisKey(storeKeyOf(context, key), 1_209_600_000);
    const session = await sessions.load(key);
    expect(session.key).toBeNull();
    expect(session.isEmpty).toBe(true);
  });

  it('H5 reload drops the changes and reads the stored session again', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    session.set('a', 2);
    const other = await sessions.load(key);
    other.set('b', 3);
    await sessions.save(other);
    await session.reload();
    expect(session.toJSON()).toEqual({ a: 1, b: 3 });
    expect(session.modified).toBe(false);
    await sessions.delete(key);
    await expect(session.reload()).rejects.toThrow(SessionInterruptedError);
  });

  it('H5 save, regenerate, destroy and reload tell a callback', async () => {
    const session = sessions.open();
    session.set('a', 1);
    const ended = (work: (callback: (error?: unknown) => void) => void): Promise<unknown> =>
      new Promise((resolve) => work(resolve));
    expect(await ended((done) => session.save(done))).toBeUndefined();
    const key = session.key!;
    expect(await ended((done) => session.reload(done))).toBeUndefined();
    expect(await ended((done) => session.regenerate(done))).toBeUndefined();
    expect(session.key).not.toBe(key);
    expect(await sessions.exists(key)).toBe(false);
    session.set('b', 2);
    await session.save();
    const next = session.key!;
    expect(await ended((done) => session.destroy(done))).toBeUndefined();
    expect(await sessions.exists(next)).toBe(false);
    const gone = await sessions.load(await stored({ a: 1 }));
    await sessions.delete(gone);
    expect(await ended((done) => gone.save(done))).toBeInstanceOf(SessionInterruptedError);
  });

  it('H7 a session is loaded from a Cookie header', async () => {
    const key = await stored({ a: 1 });
    const header = `theme=dark; sessionid_shop=${'0'.repeat(32)}; sessionid_shop=${key}; x=y`;
    expect((await sessions.loadFromCookieHeader(header)).get('a')).toBe(1);
    expect((await sessions.loadFromCookieHeader('theme=dark')).isEmpty).toBe(true);
    expect((await sessions.loadFromCookieHeader(undefined)).isEmpty).toBe(true);
  });

  it('H1 a session is loaded once, however often and from wherever that is asked', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = watched.open(key);
    await Promise.all([watched.ensureLoaded(session), watched.ensureLoaded(session)]);
    await watched.ensureLoaded(session);
    expect(calls).toEqual(['get']);
    expect(session.accessed).toBe(false);
    expect(session.get('a')).toBe(1);
  });

  it('S60 a load that failed is no empty session, and can be tried again', async () => {
    const key = await stored({ a: 1 });
    let failing = true;
    const store = storeWith(context.store, {
      get: (...args) => (failing ? Promise.reject(new Error('away')) : context.store.get(...args)),
    });
    const service = sessionsOf(context, {}, { store });
    const session = service.open(key);
    await expect(service.ensureLoaded(session)).rejects.toThrow('away');
    expect(() => session.get('a')).toThrow('away');
    expect(session.key).toBeNull();
    failing = false;
    await service.ensureLoaded(session);
    expect(session.get('a')).toBe(1);
  });

  it('S13 H4 a session that was not loaded costs nothing to commit', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, { saveEveryRequest: true }, { store });
    expect(await watched.commit(watched.open(key))).toEqual({ outcome: 'nothing', key: null });
    expect(calls).toEqual([]);
  });

  it('the load, the save and an unchanged commit cost one call, one call and none', async () => {
    const key = await stored({ a: 1 });
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = await watched.load(key);
    session.set('a', 2);
    await watched.save(session);
    expect(calls).toEqual(['get', 'compareAndSet']);
    await watched.commit(session);
    expect(calls).toHaveLength(2);
  });

  it('a save before the commit counts in its outcome', async () => {
    const session = sessions.open();
    await session.save();
    expect(await sessions.commit(session)).toEqual({ outcome: 'created', key: session.key });
  });

  it('a second commit gives the outcome of the first and writes nothing', async () => {
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = watched.open();
    session.set('a', 1);
    const first = watched.commit(session);
    expect(await watched.commit(session)).toBe(await first);
    expect(calls).toEqual(['setIfAbsent']);
  });

  it('a cycle before a save is part of it, and is done once', async () => {
    const key = await stored({ a: 1 });
    const session = await sessions.load(key);
    await session.cycleKey();
    await session.save();
    const cycled = session.key;
    expect(cycled).not.toBe(key);
    expect(await sessions.commit(session)).toEqual({ outcome: 'cycled', key: cycled });
  });

  it('S31 encode takes entries or a session, and nothing that it would lose', async () => {
    const session = await sessions.load(await stored({ a: [1] }));
    expect(sessions.decode(sessions.encode(session))).toEqual({ a: [1] });
    for (const given of [[1], new Map([['a', 1]]), new (class Cart {})(), new Date(0), null])
      expect(() => sessions.encode(given as object)).toThrow(TypeError);
    expect(() => sessions.encode(sessions.open('k'.repeat(32)))).toThrow(SessionStateError);
  });

  it('clearExpired is there for those who come from Django, and does nothing', async () => {
    const { store, calls } = recorded(context.store);
    await sessionsOf(context, {}, { store }).clearExpired();
    expect(calls).toEqual([]);
  });

  it('S36 a session signed with an earlier secret is read, and signed with the present one at the next save', async () => {
    const before = sessionsOf(context, { secretKeys: secretKeys('an earlier secret') });
    const rotated = sessionsOf(context, {
      secretKeys: secretKeys('the present secret', 'an earlier secret'),
    });
    const after = sessionsOf(context, { secretKeys: secretKeys('the present secret') });
    const session = before.open();
    session.set('a', 1);
    await before.save(session);
    const loaded = await rotated.load(session.key!);
    expect(loaded.get('a')).toBe(1);
    await rotated.save(loaded);
    expect((await after.load(session.key!)).get('a')).toBe(1);
  });
});
