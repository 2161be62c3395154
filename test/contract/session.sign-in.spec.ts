import {
  SessionConflictError,
  SessionCreateError,
  SessionInterruptedError,
} from '../../lib/errors/session.errors.js';
import type { Session } from '../../lib/session/object/session.js';
import { sessionStateOf } from '../../lib/session/object/state-of.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { companionKey } from '../../lib/store/companion-key.js';
import { parseTrace, type Trace } from '../../lib/store/trace.js';
import { sessionKeysOf, sessionsOf, storeKeyOf, storeSession } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Sessions that are signed in, moved and ended', (context) => {
  let sessions: SessionService;

  beforeEach(() => {
    sessions = sessionsOf(context);
  });

  const stored = (entries: Record<string, unknown>): Promise<string> => storeSession(sessions, entries);

  const entriesOf = async (key: string | null): Promise<unknown> => (await sessions.load(key!)).toJSON();

  const signedIn = async (key: string, userId: string | number): Promise<string> => {
    const session = await sessions.load(key);
    await session.signIn(userId);
    await sessions.commit(session);
    return session.key!;
  };

  /** What is left under a key. */
  const traceOf = async (key: string): Promise<Trace | null> => {
    const text = await context.store.get(companionKey(context.prefix, 'trace', storeKeyOf(context, key)));
    return text === null ? null : parseTrace(text);
  };

  it('binds a visitor, who keeps the entries, to a user as a string, under a new key', async () => {
    const key = await stored({ cart: [1], _auth_user_backend: 'b', _auth_user_hash: 'h' });
    const now = await signedIn(key, 7);
    expect(await entriesOf(now)).toEqual({ cart: [1], _auth_user_id: '7' });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, now)]);
  });

  it('empties the session of another user first, and keeps that of the same', async () => {
    const first = await signedIn(await stored({ cart: [1] }), 7);
    const again = await signedIn(first, '7');
    expect(await entriesOf(again)).toEqual({ cart: [1], _auth_user_id: '7' });
    expect(await entriesOf(await signedIn(again, 8))).toEqual({ _auth_user_id: '8' });
  });

  it('keeps that of the same user whom other software has named by a number', async () => {
    const key = await stored({ cart: [1], _auth_user_id: 7 });
    const late = await sessions.load(key);
    expect(await entriesOf(await signedIn(key, 7))).toEqual({ cart: [1], _auth_user_id: '7' });
    await late.signIn('8');
    await sessions.commit(late);
    expect(await entriesOf(late.key)).toEqual({ _auth_user_id: '8' });
  });

  it('takes over nothing that another user was given meanwhile', async () => {
    const key = await stored({ cart: [1] });
    const late = await sessions.load(key);
    const other = await sessions.load(key);
    other.update({ secret: 1 });
    other.set('_auth_user_id', '8');
    await sessions.commit(other);
    await late.signIn(7);
    await sessions.commit(late);
    expect(await entriesOf(late.key)).toEqual({ cart: [1], _auth_user_id: '7' });
  });

  it('tells Django where that is asked for', async () => {
    const session = sessions.open();
    await session.signIn(7n, { django: { backend: 'b', hash: 'h' } });
    await sessions.commit(session);
    expect(await entriesOf(session.key)).toEqual({
      _auth_user_id: '7',
      _auth_user_backend: 'b',
      _auth_user_hash: 'h',
    });
  });

  it.each([[''], [null], [undefined], [1.5], [{}], [NaN]])(
    'refuses %p as the id of a user',
    async (userId) => {
      await expect(sessions.open().signIn(userId as string)).rejects.toThrow(TypeError);
    },
  );

  it('SE15 two sign-ins that loaded before either moved both succeed, each with what it loaded', async () => {
    const key = await stored({ cart: [1] });
    const both = await Promise.all([sessions.load(key), sessions.load(key)]);
    for (const session of both) await session.signIn(7);
    await Promise.all(both.map((session) => sessions.commit(session)));
    for (const { key: now } of both) expect(await entriesOf(now)).toEqual({ cart: [1], _auth_user_id: '7' });
    // and a logout with the old key reaches both
    expect(await sessions.delete(key)).toBe(true);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SE15 cycleKey may not follow a key that was moved meanwhile', async () => {
    const key = await stored({ a: 1 });
    const late = await sessions.load(key);
    const now = await signedIn(key, 7);
    await late.cycleKey();
    await expect(sessions.commit(late)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, now)]);
  });

  it('SE16 what was ended under its key is never brought back by a sign-in', async () => {
    const key = await stored({ a: 1 });
    const late = await sessions.load(key);
    await sessions.delete(key);
    await late.signIn(7);
    await expect(sessions.commit(late)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SE16 a sign-in whose key was moved is not undone by a logout under the key of its sibling', async () => {
    const key = await stored({ a: 1 });
    const late = await sessions.load(key);
    await sessions.delete(await signedIn(key, 7));
    await late.signIn(7);
    await sessions.commit(late);
    expect(await entriesOf(late.key)).toEqual({ a: 1, _auth_user_id: '7' });
  });

  it('SE17 under a moved key a session is empty, and its entries come with the sign-in', async () => {
    const key = await stored({ cart: [1] });
    await signedIn(key, 7);
    const late = await sessions.load(key);
    expect(late.key).toBeNull();
    expect(late.toJSON()).toEqual({});
    late.set('own', 1);
    await late.signIn(7);
    expect(late.get('cart')).toEqual([1]);
    await sessions.commit(late);
    expect(await entriesOf(late.key)).toEqual({ cart: [1], own: 1, _auth_user_id: '7' });
    await sessions.delete(key);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SE17 a session that was bound or had another key before leaves no text', async () => {
    const bound = await signedIn(await stored({ cart: [1] }), 7);
    await signedIn(bound, 8);
    const cycled = await sessions.load(await stored({ cart: [1] }));
    await sessions.cycleKey(cycled);
    await signedIn(cycled.key!, 7);
    const moved = await stored({ cart: [1] });
    await sessions.cycleKey(await sessions.load(moved));
    for (const key of [bound, cycled.key!, moved]) {
      expect(await traceOf(key)).toEqual({ state: 'moved', successors: [expect.any(String)] });
      const late = await sessions.load(key);
      await late.signIn(9);
      expect(late.has('cart')).toBe(false);
    }
  });

  describe.each(['moved', 'ended'] as const)('SE13 under a key that was %s', (state) => {
    let key: string;

    beforeEach(async () => {
      key = await stored({ a: 1 });
      if (state === 'ended') await sessions.delete(key);
      else await sessions.cycleKey(await sessions.load(key));
    });

    it('reads empty, and refuses what is written', async () => {
      const session = await sessions.load(key);
      expect(session.toJSON()).toEqual({});
      expect(await sessions.commit(session)).toEqual({ outcome: 'nothing', key: null });
      const writing = await sessions.load(key);
      writing.set('b', 1);
      expect(writing.key).toBeNull();
      await expect(sessions.commit(writing)).rejects.toThrow(SessionInterruptedError);
      await expect((await sessions.load(key)).save()).rejects.toThrow(SessionInterruptedError);
    });

    it('starts afresh with signIn, as a successor only where it was moved', async () => {
      const session = await sessions.load(key);
      session.set('b', 1);
      await session.signIn(7);
      const { key: now } = await sessions.commit(session);
      expect(await entriesOf(now)).toEqual({ b: 1, _auth_user_id: '7' });
      await sessions.delete(key);
      expect(await sessions.exists(now!)).toBe(state === 'ended');
    });

    it.each(['cycleKey', 'regenerate'] as const)('starts afresh with %s, as no successor', async (deed) => {
      const session = await sessions.load(key);
      session.set('b', 1);
      await session[deed]();
      session.set('c', 1);
      const { key: now } = await sessions.commit(session);
      expect(await entriesOf(now)).toEqual(deed === 'cycleKey' ? { b: 1, c: 1 } : { c: 1 });
      await sessions.delete(key);
      expect(await sessions.exists(now!)).toBe(true);
    });

    it('starts afresh for a navigation where it was ended', async () => {
      const session = await sessions.load(key);
      sessionStateOf(session).identity.noteNavigation();
      session.set('b', 1);
      const commit = sessions.commit(session);
      if (state === 'moved') await expect(commit).rejects.toThrow(SessionInterruptedError);
      else expect(await entriesOf((await commit).key)).toEqual({ b: 1 });
    });

    it('a flush is not refused, and ends the successors', async () => {
      const session = await sessions.load(key);
      await session.flush();
      expect((await sessions.commit(session)).outcome).toBe(state === 'moved' ? 'deleted' : 'nothing');
      expect(await sessionKeysOf(context)).toEqual([]);
    });
  });

  it('SX1 a move that commits after the logout leaves nothing', async () => {
    const key = await stored({ a: 1 });
    const moving = await sessions.load(key);
    await moving.cycleKey();
    await (await sessions.load(key)).flush();
    await expect(sessions.commit(moving)).rejects.toThrow(SessionInterruptedError);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SX1 a logout that was interrupted reaches the successors when it is repeated', async () => {
    const key = await stored({ a: 1 });
    const [cycling, first, second] = await Promise.all([1, 2, 3].map(() => sessions.load(key)));
    await sessions.cycleKey(cycling!);
    // what a logout that crashed after its first step leaves
    const [redisKey] = [storeKeyOf(context, key)];
    const trace = (await context.redisKeys()).find((name) => name.endsWith(`{${redisKey}}`))!;
    await context.store.end(redisKey, trace, 60_000);
    expect(await sessions.exists(cycling!.key!)).toBe(true);
    await first!.flush();
    expect(await sessionKeysOf(context)).toEqual([]);
    await second!.flush();
    expect((await sessions.commit(second!)).outcome).toBe('nothing');
  });

  it('SX1 a logout follows 64 successors, and throws where there are more', async () => {
    const chain = async (moves: number): Promise<string> => {
      const key = await stored({ a: 1 });
      const session = await sessions.load(key);
      for (let move = 0; move < moves; move++) await sessions.cycleKey(session);
      return key;
    };
    const reached = await chain(64);
    expect(await sessions.delete(reached)).toBe(true);
    expect(await sessionKeysOf(context)).toEqual([]);
    const late = sessions.open(await chain(65));
    await expect(late.flush()).rejects.toThrow(SessionConflictError);
  });

  it('SE14 nothing but an ending follows the successors: who has the key of before gains nothing', async () => {
    const key = await stored({ cart: [1] });
    const now = await signedIn(key, 7);
    const before = await context.store.get(storeKeyOf(context, now));
    const uses: ((session: Session) => unknown)[] = [
      (session) => session.toJSON(),
      (session) => session.set('cart', []),
      (session) => session.cycleKey(),
      (session) => session.signIn(8),
      (session) => session.save(),
    ];
    for (const use of uses) {
      const planted = await sessions.load(key);
      const using = Promise.resolve(use(planted)).then(() => sessions.commit(planted));
      await using.catch((error: unknown) => expect(error).toBeInstanceOf(SessionInterruptedError));
      expect(planted.get('_auth_user_id')).not.toBe('7');
      expect(await context.store.get(storeKeyOf(context, now))).toBe(before);
    }
    await sessions.delete(key);
    expect(await sessions.exists(now)).toBe(false);
  });

  it('SE14 a trace keeps all successors, also as the one of an ending', async () => {
    const key = await stored({ a: 1 });
    const both = await Promise.all([sessions.load(key), sessions.load(key)]);
    for (const session of both) {
      await session.signIn(7);
      await sessions.commit(session);
    }
    const successors = both.map((session) => session.key!);
    expect(await traceOf(key)).toMatchObject({ state: 'moved', successors });
    await sessions.delete(key);
    expect(await traceOf(key)).toEqual({ state: 'ended', successors });
  });

  it.each(['moved', 'ended'])('SE13 SE14 a minute later nothing is known of what was %s', async (state) => {
    const key = await stored({ a: 1 });
    if (state === 'ended') await sessions.delete(key);
    else await sessions.delete(await signedIn(key, 7));
    for (const trace of await context.redisKeys()) await context.elapseRedisKey(trace, 60_000);
    expect(await context.redisKeys()).toEqual([]);
    const session = await sessions.load(key);
    session.set('b', 1);
    expect((await sessions.commit(session)).outcome).toBe('created');
  });

  it('SX2 an extension applies to the text that was loaded only', async () => {
    const eager = sessionsOf(context, { saveEveryRequest: true });
    const key = await stored({ a: 1 });
    const slow = await eager.load(key);
    const other = await sessions.load(key);
    other.setExpiry(10);
    await sessions.commit(other);
    expect((await eager.commit(slow)).outcome).toBe('nothing');
    expect(await context.store.remaining(storeKeyOf(context, key))).toBeLessThanOrEqual(10_000);
  });

  it('SX2 an end that has passed is checked whatever ttl the store has', async () => {
    const session = sessions.open();
    session.set('a', 1);
    session.set('_session_expiry', context.inFuture(-1000).toISOString().replace('Z', '+00:00'));
    const { key } = session;
    await context.store.set(storeKeyOf(context, key), sessions.encode(session), 60_000);
    const events: string[] = [];
    for (const name of ['rejected', 'expired'] as const) sessions.events.on(name, () => events.push(name));
    await sessions.load('u'.repeat(32));
    const loaded = await sessions.load(key!);
    expect(loaded.key).toBeNull();
    expect(loaded.toJSON()).toEqual({});
    expect(events).toEqual(['rejected', 'expired']);
  });

  it('SE12 S14 write then delete by a new visitor costs nothing', async () => {
    const session = sessions.open();
    session.set('a', 1);
    expect(session.key).toMatch(/^[a-z0-9]{32}$/);
    expect(session.isNew).toBe(true);
    session.delete('a');
    expect(session.isEmpty).toBe(true);
    expect(await sessions.commit(session)).toEqual({ outcome: 'nothing', key: null });
    expect(await context.redisKeys()).toEqual([]);
  });

  const deeds: Record<string, (session: Session) => unknown> = {
    'the first write': (session) => session.set('a', 2),
    'a write after flush()': (session) => session.flush().then(() => session.set('a', 2)),
    'regenerate()': (session) => session.regenerate().then(() => session.set('a', 2)),
    'cycleKey()': (session) => session.cycleKey(),
    'signIn()': (session) => session.signIn(7),
  };

  it.each(Object.keys(deeds))(
    'SE12 a key drawn by %s that is taken after all is a SessionCreateError, and what stands there stays',
    async (name) => {
      const key = await stored({ a: 1 });
      const before = await context.store.get(storeKeyOf(context, key));
      const session = name === 'the first write' ? sessions.open() : await sessions.load(key);
      await deeds[name]!(session);
      const drawn = storeKeyOf(context, session.key);
      expect(await context.store.has(drawn)).toBe(false);
      await context.store.set(drawn, 'of somebody else', 60_000);
      await expect(sessions.commit(session)).rejects.toThrow(SessionCreateError);
      expect(await context.store.get(drawn)).toBe('of somebody else');
      const hasEnded = ['a write after flush()', 'regenerate()'].includes(name);
      expect(await context.store.get(storeKeyOf(context, key))).toBe(hasEnded ? null : before);
    },
  );

  it('SE31 parallel increments all count', async () => {
    const key = await stored({ n: 1 });
    const loaded = await Promise.all(Array.from({ length: 12 }, () => sessions.load(key)));
    loaded.forEach((session) => session.increment('n'));
    loaded.forEach((session) => session.increment('fresh', 2));
    await Promise.all(loaded.map((session) => sessions.commit(session)));
    expect(await entriesOf(key)).toEqual({ n: 13, fresh: 24 });
  });

  it('SE31 two that are too large together are refused where they meet', async () => {
    const key = await stored({ n: 1 });
    const both = await Promise.all([sessions.load(key), sessions.load(key)]);
    for (const session of both) session.increment('n', 2 ** 52);
    await sessions.commit(both[0]);
    await expect(sessions.commit(both[1])).rejects.toThrow(RangeError);
    expect(await entriesOf(key)).toEqual({ n: 2 ** 52 + 1 });
  });

  it('SE31 refuses anything but a number, and a number that is too large', () => {
    const session = sessions.open();
    session.update({ text: 'x', large: Number.MAX_SAFE_INTEGER, low: Number.MIN_SAFE_INTEGER });
    expect(() => session.increment('low', -1)).toThrow(RangeError);
    expect(() => session.increment('text')).toThrow(TypeError);
    expect(() => session.increment('n', 'x' as unknown as number)).toThrow(TypeError);
    expect(() => session.increment('large')).toThrow(RangeError);
    expect(session.increment('n', -2)).toBe(-2);
  });
});
