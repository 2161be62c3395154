import { createHash } from 'node:crypto';
import { SessionInterruptedError, SessionLimitError } from '../../lib/errors/session.errors.js';
import type { Session } from '../../lib/session/object/session.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { companionKey } from '../../lib/store/companion-key.js';
import {
  indexesOf,
  sessionKeysOf,
  sessionsOf,
  storeKeyOf,
  storeSession,
  storeWith,
} from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const DAY = 86_400_000;

describeOnEveryStore('The sessions of a user', (context) => {
  let sessions: SessionService;

  beforeEach(() => {
    sessions = sessionsOf(context);
  });

  const signedIn = async (
    userId: string | number = 7,
    device?: string,
    service = sessions,
  ): Promise<Session> => {
    const session = service.open();
    await session.signIn(userId, device === undefined ? {} : { device });
    await service.commit(session);
    return service.load(session.key!);
  };

  const handlesOf = async (userId: string | number = 7): Promise<string[]> =>
    (await sessions.ofUser(userId)).map(({ handle }) => handle);

  const indexOf = (userId: string | number = 7): string => `${context.prefix}:user:${String(userId)}`;

  const fields = async (userId?: string | number): Promise<number> =>
    (await context.store.members(indexOf(userId))).length;

  const limited = (limit: number, whenFull: 'end-oldest' | 'refuse'): SessionService =>
    sessionsOf(context, { perUser: { limit, whenFull } });

  const elapse = async (ms: number, ...keys: (string | null)[]): Promise<void> => {
    await context.elapseMembers(indexOf(), ms);
    if (context.movesAllTime) return;
    for (const key of keys) await context.elapseRedisKey(storeKeyOf(context, key), ms);
  };

  describe('US1', () => {
    it('US1 a listed session has a handle, which one is current, when it began, was seen and ends, and a device', async () => {
      const phone = await signedIn(7, "Ada's phone 📱");
      const other = await signedIn(7n as unknown as string);
      await signedIn(8, 'not mine');
      const listed = await sessions.ofUser('7', { current: phone });
      expect(listed).toHaveLength(2);
      const mine = listed.find(({ current }) => current)!;
      expect(Object.keys(mine).sort()).toEqual(
        ['createdAt', 'current', 'device', 'expiresAt', 'handle', 'lastSeenAt'].sort(),
      );
      expect(mine.device).toBe("Ada's phone 📱");
      expect(listed.find(({ current }) => !current)!.device).toBeNull();
      for (const { createdAt, lastSeenAt, expiresAt, handle } of listed) {
        expect(Math.abs(createdAt.getTime() - context.clock.now())).toBeLessThan(60_000);
        expect(Math.abs(lastSeenAt.getTime() - context.clock.now())).toBeLessThan(60_000);
        expect(Math.abs(expiresAt.getTime() - context.clock.now() - 14 * DAY)).toBeLessThan(60_000);
        expect(handle).toMatch(/^[\w-]{22}$/);
      }
      // the key stands in the values of the index only
      const shown = JSON.stringify(listed);
      for (const { key } of [phone, other]) expect(shown).not.toContain(key!);
      for (const name of await indexesOf(context)) expect(name).not.toContain(phone.key!);
    });

    it('US1 the handle is a hash of the key, the same in each process, and no field of the index has the key', async () => {
      const { key } = await signedIn();
      const handle = createHash('sha256').update(`handle\n${key}`).digest('base64url').slice(0, 22);
      const elsewhere = sessionsOf(context, {}, { store: context.other });
      for (const service of [sessions, elsewhere])
        expect(await service.ofUser(7)).toMatchObject([{ handle }]);
      expect(await context.store.members(indexOf())).toMatchObject([{ handle, key }]);
    });

    it('US1 a new key is another handle, and the start and the device stay', async () => {
      const session = await signedIn(7, 'phone');
      const [before] = await sessions.ofUser(7);
      await sessions.cycleKey(session);
      const [after, ...others] = await sessions.ofUser(7, { current: session });
      expect(others).toEqual([]);
      expect(after).toMatchObject({ device: 'phone', current: true, createdAt: before!.createdAt });
      expect(after!.handle).not.toBe(before!.handle);
    });

    it('US1 the same user keeps the device at another sign-in, unless that names one', async () => {
      const session = await signedIn(7, 'phone');
      await session.signIn(7);
      await session.save();
      expect(await sessions.ofUser(7)).toMatchObject([{ device: 'phone' }]);
      await session.signIn(7, { device: 'tablet' });
      await session.save();
      expect(await sessions.ofUser(7)).toMatchObject([{ device: 'tablet' }]);
      await session.signIn(8);
      await session.save();
      expect(await sessions.ofUser(7)).toEqual([]);
      expect(await sessions.ofUser(8)).toMatchObject([{ device: null }]);
      expect(await fields(7)).toBe(0);
    });

    it.each([['x'.repeat(201)], [7], [null], ['\ud800']])('refuses %p as a device', async (device) => {
      await expect(sessions.open().signIn(7, { device: device as string })).rejects.toThrow(TypeError);
    });

    it('takes 200 code points as a device', async () => {
      await signedIn(7, '🙂'.repeat(200));
      expect(await sessions.ofUser(7)).toMatchObject([{ device: '🙂'.repeat(200) }]);
    });

    it.each([[''], [undefined], [1.5], ['a\ud800']])('refuses %p as the id of a user', async (userId) => {
      const session = await sessions.create();
      await expect(session.signIn(userId as string)).rejects.toThrow('session.signIn()');
      await expect(sessions.ofUser(userId as string)).rejects.toThrow('ofUser()');
      await expect(sessions.endOfUser(userId as string)).rejects.toThrow('endOfUser()');
      await expect(sessions.endOne(userId as string, 'h')).rejects.toThrow('endOne()');
    });
  });

  describe('US2', () => {
    it('US2 a session that was ended is gone from the index at once, however it was ended', async () => {
      const [flushed, deleted, byKey, moved] = [
        await signedIn(),
        await signedIn(),
        await signedIn(),
        await signedIn(),
      ];
      await flushed.flush();
      await sessions.delete(deleted);
      await sessions.delete(byKey.key!);
      const late = await sessions.load(moved.key!);
      await sessions.cycleKey(moved);
      await late.flush();
      expect(await sessionKeysOf(context)).toEqual([]);
      expect(await indexesOf(context)).toEqual([]);
    });

    it('US2 what somebody else ended disappears at the next list or ending', async () => {
      for (const look of [() => sessions.ofUser(7), () => sessions.endOfUser(7)]) {
        const session = await signedIn();
        await context.store.delete(storeKeyOf(context, session.key));
        expect(await fields()).toBe(1);
        await look();
        expect(await indexesOf(context)).toEqual([]);
      }
    });

    it.each<[string, () => Promise<unknown>]>([
      ['sign-in', () => signedIn()],
      ['list', () => sessions.ofUser(7)],
      ['ending', () => sessions.endOfUser(7)],
    ])(
      'US2 what has expired, and what an ending that crashed has left, disappears at the next %s',
      async (_, look) => {
        const [short, crashed, long] = [await signedIn(), await signedIn(), await signedIn()];
        short.setExpiry(60);
        await short.cycleKey();
        await short.save();
        const left = await context.store.members(indexOf());
        const dead = left.filter(({ key }) => key !== long.key).map(({ handle }) => handle);
        const only = left.filter(({ key }) => key === crashed.key).map(({ handle }) => handle);
        await context.store.endMembers(indexOf(), { only });
        await elapse(90_000, short.key, crashed.key, long.key);
        expect([dead.length, await fields()]).toEqual([2, 3]);
        await look();
        const handles = (await context.store.members(indexOf())).map(({ handle }) => handle);
        expect(handles.filter((handle) => dead.includes(handle))).toEqual([]);
        expect(await sessions.exists(crashed.key!)).toBe(false);
      },
    );

    it('US2 what has expired disappears at the next sign-in, and with the index', async () => {
      const short = await signedIn();
      short.setExpiry(60);
      await short.cycleKey();
      await short.save();
      const long = await signedIn();
      expect(await fields()).toBe(2);
      await elapse(90_000, short.key, long.key);
      const new_ = await signedIn();
      expect(await fields()).toBe(2);
      expect(new Set(await handlesOf()).size).toBe(2);
      await elapse(17 * DAY, long.key, new_.key);
      expect(await context.store.has(indexOf())).toBe(false);
    });

    it('US2 the index lives as long as the session that lives longest', async () => {
      const session = await signedIn();
      session.setExpiry('100d');
      await session.save();
      expect(await context.store.remaining(indexOf())).toBeGreaterThanOrEqual(100 * DAY);
      await signedIn();
      expect(await context.store.remaining(indexOf())).toBeGreaterThanOrEqual(99 * DAY);
    });

    it('US2 a session that is saved again and again stays in the index', async () => {
      const session = await signedIn();
      for (let week = 0; week < 8; week++) {
        await elapse(7 * DAY, session.key);
        const again = await sessionsOf(context, {}, { clock: later(7 * DAY * (week + 1)) }).load(
          session.key!,
        );
        again.set('week', week);
        await again.save();
      }
      expect(await handlesOf()).toHaveLength(1);
    });
  });

  /** The clock of the test, moved where the store's cannot be. */
  const later = (ms: number): typeof context.clock => ({
    now: () => context.clock.now() + (context.movesAllTime ? 0 : ms),
  });

  describe('US3', () => {
    it('US3 ends all sessions of a user, and nobody else’s', async () => {
      const mine = [await signedIn(), await signedIn(), await signedIn()];
      const other = await signedIn(8);
      expect(await sessions.endOfUser(7)).toBe(3);
      expect(await sessions.ofUser(7)).toEqual([]);
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, other.key)]);
      for (const session of mine) {
        session.set('a', 1);
        await expect(session.save()).rejects.toThrow(SessionInterruptedError);
      }
      expect(await sessions.endOfUser(7)).toBe(0);
      expect(await indexesOf(context)).toHaveLength(1);
    });

    it('US3 spares the session of the request, under the key it was loaded with and the one it will have', async () => {
      const session = await signedIn();
      await signedIn();
      await session.cycleKey();
      expect(await sessions.endOfUser(7, { except: session })).toBe(1);
      await session.save();
      expect(await handlesOf()).toHaveLength(1);
      expect(await sessions.endOfUser(7, { except: session })).toBe(0);
      expect(await sessions.exists(session.key!)).toBe(true);
    });

    it('US3 spares what another request made of the session meanwhile', async () => {
      const session = await signedIn();
      const [slow, fast] = [await sessions.load(session.key!), await sessions.load(session.key!)];
      await sessions.cycleKey(fast);
      await sessions.cycleKey(fast);
      await signedIn();
      expect(await sessions.endOfUser(7, { except: slow })).toBe(1);
      expect(await sessions.exists(fast.key!)).toBe(true);
      expect(await sessionKeysOf(context)).toHaveLength(1);
    });

    it('US3 spares what another request made of the session under the key it will have', async () => {
      const session = sessions.open();
      await session.signIn(7);
      await session.save();
      const other = await sessions.load(session.key!);
      await sessions.cycleKey(other);
      await signedIn();
      expect(await sessions.endOfUser(7, { except: session })).toBe(1);
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, other.key)]);
    });

    it.each([true, false])(
      'US3 spares what a second click on the login made of the session it was loaded with (saved before: %s)',
      async (isSaved) => {
        const key = await storeSession(sessions, { cart: [1] });
        const [first, second] = [await sessions.load(key), await sessions.load(key)];
        for (const session of [first, second]) await session.signIn(7);
        if (isSaved) await first.save();
        await second.save();
        await signedIn();
        expect(await sessions.endOfUser(7, { except: first })).toBe(1);
        await first.save();
        for (const session of [first, second]) expect(await sessions.exists(session.key!)).toBe(true);
      },
    );

    it('US3 spares the session while it is being stored under the key it will have', async () => {
      const ending = storeWith(context.store, {
        setIfUntraced: async (...args) => {
          expect(await sessions.endOfUser(7, { except: session })).toBe(1);
          return context.store.setIfUntraced(...args);
        },
      });
      await signedIn();
      const session = sessionsOf(context, {}, { store: ending }).open();
      await session.signIn(7);
      await session.save();
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
      expect(await handlesOf()).toHaveLength(1);
    });

    it('US3 a key that the index names is ended although nothing is stored under it, and nothing is stored there after', async () => {
      let isInserted: boolean | undefined;
      const ending = storeWith(context.store, {
        setIfUntraced: async (...args) => {
          expect(await sessions.endOfUser(7)).toBe(0);
          isInserted = await context.store.setIfUntraced(...args);
          return isInserted;
        },
      });
      const slow = sessionsOf(context, {}, { store: ending });
      const session = slow.open();
      await session.signIn(7);
      const redisKey = storeKeyOf(context, session.key);
      await expect(slow.commit(session)).rejects.toThrow(SessionInterruptedError);
      expect(isInserted).toBe(false);
      const trace = companionKey(context.prefix, 'trace', redisKey);
      expect(await context.redisKeys()).toEqual([trace]);
      expect(await context.store.get(trace)).toBe('{"st":"ended"}');
    });

    it('US3 a sign-in, a rotation or a save that was loaded before the ending brings nothing back', async () => {
      const session = await signedIn();
      const [again, moving, saving, brought] = await Promise.all(
        [1, 2, 3, 4].map(() => sessions.load(session.key!)),
      );
      await sessions.endOfUser(7);
      await again!.signIn(7);
      await moving!.cycleKey();
      saving!.set('a', 1);
      for (const late of [again!, moving!, saving!])
        await expect(sessions.commit(late)).rejects.toThrow(SessionInterruptedError);
      await expect(sessions.save(brought!, { mustCreate: true })).rejects.toThrow(SessionInterruptedError);
      expect(await sessionKeysOf(context)).toEqual([]);
      expect(await sessions.ofUser(7)).toEqual([]);
    });

    it.each<[string, (session: Session) => unknown]>([
      ['deleted', (session) => session.delete('_auth_user_id')],
      ['set to null', (session) => session.set('_auth_user_id', null)],
    ])(
      'US3 one whose user was %s, and came back after a list, is ended with the others',
      async (_, unbind) => {
        const { key } = await signedIn();
        for (const change of [unbind, (session: Session) => session.set('_auth_user_id', '7')]) {
          const session = await sessions.load(key!);
          change(session);
          await sessions.commit(session);
          await sessions.ofUser(7);
        }
        expect(await handlesOf()).toHaveLength(1);
        expect(await sessions.endOfUser(7)).toBe(1);
        expect(await sessions.exists(key!)).toBe(false);
      },
    );

    it('a handle ends one session of its user', async () => {
      const [one, other] = [await signedIn(7), await signedIn(8)];
      const [handle] = await handlesOf(7);
      expect(await sessions.endOne(8, handle!)).toBe(false);
      expect(await sessions.endOne(7, 'nonsense')).toBe(false);
      expect(await sessions.endOne(7, one.key!)).toBe(false);
      expect(await sessionKeysOf(context)).toHaveLength(2);
      expect(await sessions.endOne(7, handle!)).toBe(true);
      expect(await sessions.endOne(7, handle!)).toBe(false);
      expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, other.key)]);
      expect(await indexesOf(context)).toHaveLength(1);
    });

    it('a handle of a list reaches what the session has become since', async () => {
      const session = await signedIn();
      const [handle] = await handlesOf();
      await sessions.cycleKey(session);
      expect(await sessions.endOne(7, handle!)).toBe(true);
      expect(await sessionKeysOf(context)).toEqual([]);
    });
  });

  it('US3 the sessions of another session.keyPrefix are others, whatever their user is called', async () => {
    const staff = sessionsOf(context, { keyPrefix: 'staff' });
    const [own, other] = [await signedIn(), await signedIn(7, 'desk', staff)];
    expect([await sessions.ofUser(7), await staff.ofUser(7)]).toMatchObject([
      [{ device: null }],
      [{ device: 'desk' }],
    ]);
    expect(await staff.reindex()).toEqual({ scanned: 1, indexed: 1 });
    expect(await sessions.endOfUser(7)).toBe(1);
    expect([await sessions.exists(own.key!), await staff.exists(other.key!)]).toEqual([false, true]);
    expect(await staff.endOfUser(7)).toBe(1);
    expect(await staff.exists(other.key!)).toBe(false);
  });

  describe('US6', () => {
    it('US6 end-oldest ends the session that began first, whatever was done to it since', async () => {
      const service = limited(2, 'end-oldest');
      const first = await signedIn(7, '1', service);
      await elapse(10);
      const second = await signedIn(7, '2', service);
      await elapse(10);
      await service.cycleKey(first);
      const third = await signedIn(7, '3', service);
      expect((await service.ofUser(7)).map(({ device }) => device).sort()).toEqual(['2', '3']);
      expect(await sessionKeysOf(context)).toEqual(
        [second, third].map(({ key }) => storeKeyOf(context, key)).sort(),
      );
      expect(await fields()).toBe(2);
      // the same session signed in again takes no other's place
      await third.signIn(7);
      await third.save();
      await signedIn(8, '4', service);
      expect(await service.ofUser(7)).toHaveLength(2);
    });

    it('US6 end-oldest goes by the order of the sign-ins, also while the clock of a test stands still', async () => {
      const service = limited(3, 'end-oldest');
      const passes = async (): Promise<void> => {
        if (!context.movesAllTime) await elapse(10);
      };
      const first = await signedIn(7, '1', service);
      for (const device of ['2', '3']) {
        await passes();
        await signedIn(7, device, service);
      }
      await service.cycleKey(first);
      for (const left of [
        ['2', '3', '4'],
        ['3', '4', '5'],
      ]) {
        await passes();
        await signedIn(7, left[2], service);
        expect((await service.ofUser(7)).map(({ device }) => device).sort()).toEqual(left);
      }
    });

    it('US6 refuse throws a SessionLimitError, and leaves everything as it was', async () => {
      const service = limited(1, 'refuse');
      await signedIn(7, '1', service);
      const key = await storeSession(service, { cart: [1] });
      const visitor = await service.load(key);
      await visitor.signIn(7);
      await expect(service.commit(visitor)).rejects.toThrow(SessionLimitError);
      expect((await service.load(key)).toJSON()).toEqual({ cart: [1] });
      expect(await service.ofUser(7)).toHaveLength(1);
      expect(await sessionKeysOf(context)).toHaveLength(2);
      expect(await fields()).toBe(1);
      const error = await signedIn(7, '2', service).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'CODEX_REDIS_SESSION_LIMIT' });
      expect((error as SessionLimitError).getStatus()).toBe(409);
    });

    it('US6 refuse counts only sessions that exist', async () => {
      const service = limited(2, 'refuse');
      const gone = await signedIn(7, '1', service);
      await signedIn(7, '2', service);
      await context.store.delete(storeKeyOf(context, gone.key));
      await signedIn(7, '3', service);
      expect((await service.ofUser(7)).map(({ device }) => device).sort()).toEqual(['2', '3']);
      await expect(signedIn(7, '4', service)).rejects.toThrow(SessionLimitError);
    });

    it.each([undefined, '8'])(
      'US6 refuse does not count a session that the application has bound to %p instead',
      async (userId) => {
        const service = limited(1, 'refuse');
        const former = await signedIn(7, undefined, service);
        former.set('_auth_user_id', userId);
        await service.commit(former);
        await signedIn(7, undefined, service);
        expect(await service.ofUser(7)).toHaveLength(1);
        expect(await service.exists(former.key!)).toBe(true);
      },
    );

    it.each(['setIfUntraced', 'confirm'])(
      'US6 a sign-in that crashed at %s counts until its deadline',
      async (verb) => {
        const crash = (): Promise<never> => Promise.reject(new Error('crashed'));
        const service = limited(1, 'refuse');
        const crashing = sessionsOf(context, {}, { store: storeWith(context.store, { [verb]: crash }) });
        await expect(signedIn(7, '1', crashing)).rejects.toThrow('crashed');
        await elapse(5000);
        await expect(signedIn(7, '2', service)).rejects.toThrow(SessionLimitError);
        await elapse(5000);
        await signedIn(7, '3', service);
        expect(await service.ofUser(7)).toMatchObject([{ device: '3' }]);
        expect(await sessionKeysOf(context)).toHaveLength(1);
        expect(await fields()).toBe(1);
      },
    );

    it('US6 of parallel sign-ins no more succeed than are allowed', async () => {
      const service = limited(3, 'refuse');
      const logins = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => signedIn(7, String(i), service)),
      );
      expect(logins.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect(await service.ofUser(7)).toHaveLength(3);
      const oldest = limited(3, 'end-oldest');
      await Promise.allSettled(Array.from({ length: 12 }, (_, i) => signedIn(8, String(i), oldest)));
      expect((await oldest.ofUser(8)).length).toBeLessThanOrEqual(3);
      expect((await oldest.ofUser(8)).length).toBeGreaterThan(0);
    });
  });

  describe('US7', () => {
    it('US7 finds sessions that were bound elsewhere, and tells how far it is', async () => {
      const keys: string[] = [];
      for (let i = 0; i < 5; i++)
        await context.store.set(
          storeKeyOf(context, `${'d'.repeat(31)}${i}`),
          sessions.encode({ _auth_user_id: '7', n: i }),
          DAY,
        );
      await storeSession(sessions, { cart: [1] });
      const own = await signedIn(7, 'mine');
      keys.push(own.key!);
      expect(await handlesOf()).toHaveLength(1);
      const told: unknown[] = [];
      const progress = await sessions.reindex({ onProgress: (now) => told.push(now) });
      expect(progress).toEqual({ scanned: 7, indexed: 6 });
      expect(told.at(-1)).toEqual(progress);
      const failing = (): Promise<never> => Promise.reject(new Error('of the caller'));
      await expect(sessions.reindex({ onProgress: failing })).rejects.toThrow('of the caller');
      const listed = await sessions.ofUser(7);
      expect(listed).toHaveLength(6);
      expect(listed.filter(({ device }) => device === 'mine')).toHaveLength(1);
      await sessions.reindex();
      const started = (all: typeof listed): unknown =>
        all.map(({ handle, createdAt }) => [handle, createdAt]);
      expect(started(await sessions.ofUser(7))).toEqual(started(listed));
      expect(await sessions.endOfUser(7)).toBe(6);
      expect(await sessionKeysOf(context)).toHaveLength(1);
    });

    it('US7 until then ofUser(), endOfUser() and perUser do not know it', async () => {
      const key = 'd'.repeat(32);
      await context.store.set(storeKeyOf(context, key), sessions.encode({ _auth_user_id: '7' }), DAY);
      const service = limited(1, 'refuse');
      expect([await service.ofUser(7), await service.endOfUser(7)]).toEqual([[], 0]);
      expect(await service.exists(key)).toBe(true);
      await signedIn(7, 'mine', service);
      await service.reindex();
      expect(await handlesOf()).toHaveLength(2);
      await expect(signedIn(7, 'another', service)).rejects.toThrow(SessionLimitError);
      expect(await service.endOfUser(7)).toBe(2);
      expect(await service.exists(key)).toBe(false);
    });

    it('US7 a session that was bound elsewhere is indexed at its next save, by any process', async () => {
      const key = 'd'.repeat(32);
      await context.store.set(storeKeyOf(context, key), sessions.encode({ _auth_user_id: '7' }), DAY);
      const session = await sessions.load(key);
      session.get('_auth_user_id');
      await sessions.commit(session);
      expect(await handlesOf()).toEqual([]);
      const saved = await sessions.load(key);
      saved.set('a', 1);
      await sessions.commit(saved);
      expect(await handlesOf()).toHaveLength(1);
      // and again where Django gave it another key and left the entries as they are
      const text = (await context.store.get(storeKeyOf(context, key)))!;
      const cycled = 'e'.repeat(32);
      await context.store.delete(storeKeyOf(context, key));
      await context.store.set(storeKeyOf(context, cycled), text, DAY);
      const moved = await sessions.load(cycled);
      moved.set('a', 2);
      await sessions.commit(moved);
      expect(await sessions.ofUser(7, { current: moved })).toMatchObject([{ current: true }]);
    });

    it('US7 a session that was bound elsewhere is indexed under its new key', async () => {
      const key = 'd'.repeat(32);
      await context.store.set(storeKeyOf(context, key), sessions.encode({ _auth_user_id: '7' }), DAY);
      const session = await sessions.load(key);
      await sessions.cycleKey(session);
      expect(await sessions.ofUser(7, { current: session })).toMatchObject([{ current: true }]);
    });
  });
});
