import { jest } from '@jest/globals';
import type { SessionSettings } from '../../lib/config/settings.js';
import type { Session } from '../../lib/session/object/session.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { recorded, sessionsOf, storeKeyOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describeOnEveryStore('Session, its idle and its absolute timeout', (context) => {
  let clock: TestClock;
  let calls: string[];

  beforeEach(() => {
    clock = new TestClock(context.clock.now());
  });

  /** Sessions whose time the test moves, and what they ask of the store. */
  const sessionsWith = (settings: Partial<SessionSettings>): SessionService => {
    const recording = recorded(context.store);
    calls = recording.calls;
    return sessionsOf(context, settings, { store: recording.store, clock });
  };

  const both = { idleTimeout: 10 * MINUTE, absoluteTimeout: HOUR };

  /** Lets time go by, in the store too. */
  const pass = async (key: string, ms: number): Promise<void> => {
    clock.advance(ms);
    await context.elapseRedisKey(storeKeyOf(context, key), ms);
  };

  /** Gives it another ttl in the store than the module would. */
  const keepFor = (key: string, ms: number): Promise<boolean> =>
    context.store.expire(storeKeyOf(context, key), ms);

  const expectLeft = async (key: string, ms: number): Promise<void> => {
    const left = await context.store.remaining(storeKeyOf(context, key));
    expect(left).toBeLessThanOrEqual(ms);
    expect(left).toBeGreaterThan(ms - 5000);
  };

  const create = async (sessions: SessionService): Promise<string> => {
    const session = sessions.open();
    session.set('cart', ['Emma']);
    await sessions.save(session);
    return session.key!;
  };

  /** What a request does that changes nothing; what becomes of the session. */
  const read = async (sessions: SessionService, key: string): Promise<string> => {
    const session = await sessions.load(key);
    session.get('cart');
    return (await sessions.commit(session)).outcome;
  };

  const startOf = async (sessions: SessionService, key: string | null): Promise<unknown> =>
    (await sessions.load(key!)).get('_codex_started');

  describe('US1', () => {
    const signedIn = async (sessions: SessionService): Promise<string> => {
      const session = sessions.open();
      await session.signIn(7);
      await sessions.save(session);
      return session.key!;
    };

    const lastSeen = async (sessions: SessionService): Promise<number> =>
      (await sessions.ofUser(7))[0]!.lastSeenAt.getTime();

    /** The second of the clock, as a signed timestamp has it. */
    const second = (): number => Math.floor(clock.now() / 1000) * 1000;

    it.each([{}, { saveEveryRequest: true }, { absoluteTimeout: HOUR }])(
      'US1 with %j a session was last seen when it was last saved',
      async (settings) => {
        const sessions = sessionsWith(settings);
        const key = await signedIn(sessions);
        const signIn = second();
        await pass(key, MINUTE);
        await read(sessions, key);
        expect(await lastSeen(sessions)).toBe(signIn);
        const session = await sessions.load(key);
        session.set('a', 1);
        await sessions.commit(session);
        expect(await lastSeen(sessions)).toBe(signIn + MINUTE);
      },
    );

    it('US1 with an idle timeout it was last seen when it was last touched', async () => {
      const sessions = sessionsWith(both);
      const key = await signedIn(sessions);
      const signIn = second();
      await pass(key, 59_000);
      expect(await read(sessions, key)).toBe('nothing');
      expect(await lastSeen(sessions)).toBe(signIn);
      await pass(key, 1000);
      expect(await read(sessions, key)).toBe('touched');
      expect(await lastSeen(sessions)).toBe(signIn + MINUTE);
    });
  });

  describe('US8', () => {
    it('US8 the time left is the TTL, whichever ends first', async () => {
      await expectLeft(await create(sessionsWith(both)), 10 * MINUTE);
      await expectLeft(await create(sessionsWith({ absoluteTimeout: HOUR })), HOUR);
      await expectLeft(await create(sessionsWith({ idleTimeout: 2 * HOUR, absoluteTimeout: HOUR })), HOUR);
      await expectLeft(await create(sessionsWith({ idleTimeout: 2 * HOUR, age: 60 })), MINUTE);
    });

    it('US8 used all the time, it ends at the absolute timeout', async () => {
      const sessions = sessionsWith(both);
      const key = await create(sessions);
      for (let passed = 0; passed < 54; passed += 6) {
        await pass(key, 6 * MINUTE);
        expect(await read(sessions, key)).toBe('touched');
      }
      await expectLeft(key, 6 * MINUTE);
      await pass(key, 6 * MINUTE);
      expect((await sessions.load(key)).key).toBeNull();
    });

    it('US8 not used, it ends at the idle timeout', async () => {
      const sessions = sessionsWith(both);
      const key = await create(sessions);
      await pass(key, 9 * MINUTE);
      expect((await sessions.load(key)).get('cart')).toEqual(['Emma']);
      await pass(key, MINUTE);
      expect((await sessions.load(key)).key).toBeNull();
    });

    it('US8 an expiry of its own may end it earlier, and never later', async () => {
      const sessions = sessionsWith(both);
      const session = await sessions.create();
      session.setExpiry('2m');
      await sessions.save(session);
      await expectLeft(session.key!, 2 * MINUTE);
      expect(session.getExpiryAge()).toBe(120);
      session.setExpiry('1d');
      await sessions.save(session);
      await expectLeft(session.key!, 10 * MINUTE);
    });

    it('US8 is checked at load, whatever TTL the store has', async () => {
      const idle = sessionsWith({ idleTimeout: 10 * MINUTE });
      const key = await create(idle);
      await keepFor(key, DAY);
      const expired = jest.fn();
      idle.events.on('expired', expired);
      clock.advance(10 * MINUTE - 1);
      expect((await idle.load(key)).key).toBe(key);
      // the timestamp of the text says its second only
      clock.advance(1001);
      expect((await idle.load(key)).key).toBeNull();
      expect(expired).toHaveBeenCalledTimes(1);

      const absolute = sessionsWith({ absoluteTimeout: HOUR });
      const other = await create(absolute);
      await keepFor(other, DAY);
      clock.advance(HOUR - 1);
      expect((await absolute.load(other)).key).toBe(other);
      clock.advance(1);
      expect((await absolute.load(other)).key).toBeNull();
    });

    it('US8 one of a writer that knows no timeouts is measured from its last save', async () => {
      const key = await create(sessionsWith({}));
      clock.advance(5 * MINUTE);
      const sessions = sessionsWith(both);
      expect(await read(sessions, key)).toBe('touched');
      expect(await startOf(sessions, key)).toBe(Math.floor((clock.now() - 5 * MINUTE) / 1000) * 1000);
      await expectLeft(key, 10 * MINUTE);
    });

    it('US8 one that ended is not written again: what follows has a new key', async () => {
      const sessions = sessionsWith(both);
      const key = await create(sessions);
      await keepFor(key, DAY);
      clock.advance(11 * MINUTE);
      const session = await sessions.load(key);
      session.set('a', 1);
      await sessions.commit(session);
      expect(session.key).not.toBe(key);
      expect(session.get('cart')).toBeUndefined();
    });

    it('US8 without them nothing is stored that was not stored before', async () => {
      const sessions = sessionsWith({});
      const session = await sessions.create();
      session.set('a', 1);
      await sessions.save(session);
      await session.signIn(7);
      await sessions.save(session);
      const text = await context.store.get(storeKeyOf(context, session.key));
      expect(sessions.decode(text!)).toEqual({
        a: 1,
        _auth_user_id: '7',
        _codex_cycled: true,
        _codex_indexed: expect.anything() as unknown,
      });
    });
  });

  describe('US9', () => {
    it('US9 a read extends at most once in a tenth of the idle timeout, by one script', async () => {
      const sessions = sessionsWith({ idleTimeout: 10 * MINUTE });
      const key = await create(sessions);
      calls.length = 0;
      await pass(key, 59_000);
      expect(await read(sessions, key)).toBe('nothing');
      expect(calls).toEqual(['get']);
      await pass(key, 1000);
      expect(await read(sessions, key)).toBe('touched');
      expect(calls).toEqual(['get', 'get', 'compareAndSet']);
      await expectLeft(key, 10 * MINUTE);
      await pass(key, 59_000);
      expect(await read(sessions, key)).toBe('nothing');
      expect((await sessions.load(key)).get('cart')).toEqual(['Emma']);
    });

    it.each([
      [0, 0, 'touched'],
      [5 * MINUTE, 299_000, 'nothing'],
      [5 * MINUTE, 300_000, 'touched'],
    ])('US9 with a touchInterval of %d ms, after %d ms: %s', async (touchInterval, ms, outcome) => {
      const sessions = sessionsWith({ idleTimeout: 10 * MINUTE, touchInterval });
      const key = await create(sessions);
      await pass(key, ms);
      expect(await read(sessions, key)).toBe(outcome);
    });

    it('US9 without an idle timeout no read extends', async () => {
      const sessions = sessionsWith({ absoluteTimeout: HOUR });
      const key = await create(sessions);
      await pass(key, 50 * MINUTE);
      expect(await read(sessions, key)).toBe('nothing');
    });

    it('US9 SX2 one that another request changed meanwhile keeps its own end', async () => {
      const sessions = sessionsWith({ idleTimeout: 10 * MINUTE });
      const key = await create(sessions);
      await pass(key, 5 * MINUTE);
      const slow = await sessions.load(key);
      const other = await sessions.load(key);
      other.setExpiry(10);
      await sessions.commit(other);
      expect((await sessions.commit(slow)).outcome).toBe('nothing');
      await expectLeft(key, 10_000);
      expect((await sessions.load(key)).getExpiryAge()).toBe(10);
    });

    it('US9 of parallel reads one extends, and none brings an ended one back', async () => {
      const sessions = sessionsWith({ idleTimeout: 10 * MINUTE });
      const key = await create(sessions);
      await pass(key, 5 * MINUTE);
      const reads = await Promise.all(Array.from({ length: 5 }, () => sessions.load(key)));
      const outcomes: string[] = [];
      for (const each of reads) outcomes.push((await sessions.commit(each)).outcome);
      expect(outcomes.filter((outcome) => outcome === 'touched')).toHaveLength(1);
      await pass(key, 5 * MINUTE);
      const late = await sessions.load(key);
      await sessions.delete(key);
      expect((await sessions.commit(late)).outcome).toBe('nothing');
      expect(await sessions.exists(key)).toBe(false);
    });

    it('US9 a save beside an extension keeps its changes', async () => {
      const sessions = sessionsWith({ idleTimeout: 10 * MINUTE });
      const key = await create(sessions);
      await pass(key, 5 * MINUTE);
      const writing = await sessions.load(key);
      writing.set('a', 1);
      await read(sessions, key);
      await sessions.commit(writing);
      const loaded = await sessions.load(key);
      expect([loaded.get('a'), loaded.get('cart')]).toEqual([1, ['Emma']]);
    });
  });

  describe('US10', () => {
    let sessions: SessionService;
    let session: Session;
    let begun: number;

    beforeEach(async () => {
      sessions = sessionsWith(both);
      session = sessions.open();
      session.set('a', 1);
      await session.signIn(7);
      await sessions.save(session);
      begun = clock.now();
      await pass(session.key!, 5 * MINUTE);
      session = await sessions.load(session.key!);
    });

    it.each<[string, () => unknown]>([
      ['a save', () => session.set('a', 2)],
      ['a rotation', () => session.cycleKey()],
      ['another sign-in of the user', () => session.signIn(7)],
      ['clear()', () => session.clear()],
    ])('US10 the start survives %s', async (_, change) => {
      await change();
      await sessions.commit(session);
      expect(await startOf(sessions, session.key)).toBe(begun);
    });

    it('US10 and a rotation beside another request that writes', async () => {
      const other = await sessions.load(session.key!);
      other.set('b', 2);
      await sessions.commit(other);
      await session.cycleKey();
      await sessions.commit(session);
      const loaded = await sessions.load(session.key!);
      expect([loaded.get('b'), loaded.get('_codex_started')]).toEqual([2, begun]);
    });

    it('US10 is the same after ten rotations, and the absolute timeout with it', async () => {
      for (let count = 0; count < 10; count++) {
        await session.cycleKey();
        await sessions.commit(session);
        await pass(session.key!, 5 * MINUTE);
        session = await sessions.load(session.key!);
      }
      expect(session.get('_codex_started')).toBe(begun);
      session.set('a', 2);
      await sessions.commit(session);
      await expectLeft(session.key!, 5 * MINUTE);
    });

    it.each<[string, () => Promise<unknown>]>([
      ['a sign-in of another user', () => session.signIn(8)],
      ['regenerate()', () => session.regenerate(['a'])],
      [
        'flush(), of the session that follows',
        async () => {
          await session.flush();
          session.set('a', 3);
        },
      ],
    ])('US10 %s starts over', async (_, change) => {
      await change();
      await sessions.commit(session);
      expect(await startOf(sessions, session.key)).toBe(clock.now());
    });

    it('US10 a visitor who signs in starts over', async () => {
      const visitor = await sessions.create();
      await pass(visitor.key!, 5 * MINUTE);
      const loaded = await sessions.load(visitor.key!);
      await loaded.signIn('ada');
      await sessions.commit(loaded);
      expect(await startOf(sessions, loaded.key)).toBe(clock.now());
    });

    it('US10 is no entry for a handler that lists them', () => {
      expect(session.keys()).not.toContain('_codex_started');
      expect(Object.keys(session)).not.toContain('_codex_started');
    });
  });
});
