import type { Session } from '../../lib/session/object/session.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { recorded, sessionsOf, storeKeyOf, sessionKeysOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const AGE = 1_209_600;

describeOnEveryStore('Session, its expiry in the store', (context) => {
  let sessions: SessionService;
  let session: Session;

  beforeEach(() => {
    sessions = sessionsOf(context);
    session = sessions.open();
  });

  const left = (key = session.key): Promise<number | null | undefined> =>
    context.store.remaining(storeKeyOf(context, key));

  const expectLeft = async (seconds: number): Promise<void> => {
    const ms = await left();
    expect(ms).toBeLessThanOrEqual(seconds * 1000);
    expect(ms).toBeGreaterThan(seconds * 1000 - 5000);
  };

  /** The same session, loaded afresh. */
  const again = (): Promise<Session> => sessions.load(session.key!);

  it('S39 lives for the configured age', async () => {
    session.set('a', 1);
    await sessions.save(session);
    await expectLeft(AGE);
    const short = sessionsOf(context, { age: 60 });
    session = await short.create();
    await expectLeft(60);
  });

  it('S40 0, the end of the browser, lives for the default age', async () => {
    session.setExpiry(0);
    await sessions.save(session);
    await expectLeft(AGE);
    const loaded = await again();
    expect(loaded.get('_session_expiry')).toBe(0);
    expect(loaded.expiresAtBrowserClose()).toBe(true);
    expect(loaded.getExpiryAge()).toBe(AGE);
  });

  it('S41 10 is ten seconds from each save, stored as the number', async () => {
    session.setExpiry(10);
    await sessions.save(session);
    await expectLeft(10);
    const loaded = await again();
    expect(loaded.get('_session_expiry')).toBe(10);
    await context.elapseRedisKey(storeKeyOf(context, session.key), 6000);
    await sessions.save(loaded);
    await expectLeft(10);
    await context.elapseRedisKey(storeKeyOf(context, session.key), 10_000);
    expect((await again()).key).toBeNull();
  });

  it('S42 a duration string is its seconds', async () => {
    session.setExpiry('2m');
    await sessions.save(session);
    await expectLeft(120);
    expect((await again()).get('_session_expiry')).toBe(120);
  });

  it('S43 a date is absolute, stored as ISO text with +00:00', async () => {
    const end = context.inFuture(600_000);
    session.setExpiry(end);
    await sessions.save(session);
    const loaded = await again();
    expect(loaded.get('_session_expiry')).toBe(end.toISOString().replace(/(\.000)?Z$/, '+00:00'));
    expect(loaded.getExpiryDate()).toEqual(end);
    await expectLeft(600);
  });

  it('S44 null takes the expiry back', async () => {
    session.setExpiry(10);
    await sessions.save(session);
    const loaded = await again();
    loaded.setExpiry(null);
    expect(loaded.modified).toBe(true);
    await sessions.save(loaded);
    expect((await again()).has('_session_expiry')).toBe(false);
    await expectLeft(AGE);
  });

  it.each([-10, 0.0005])('S48 %s seconds: the save succeeds, nothing is readable after', async (seconds) => {
    session.set('a', 1);
    session.setExpiry(seconds);
    await sessions.save(session);
    expect(session.key).toMatch(/^[a-z0-9]{32}$/);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S48 a stored session that is given an end in the past is gone with the save', async () => {
    session.set('a', 1);
    await sessions.save(session);
    const loaded = await again();
    loaded.setExpiry(new Date(context.clock.now() - 1000));
    expect((await sessions.commit(loaded)).outcome).toBe('saved');
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S48 nor does a cycle keep it', async () => {
    session.set('a', 1);
    await sessions.save(session);
    const loaded = await again();
    loaded.setExpiry(-1);
    await sessions.cycleKey(loaded);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('S49 fractions of a second count', async () => {
    session.setExpiry(90.5);
    await sessions.save(session);
    expect(session.getExpiryAge()).toBe(90.5);
    await expectLeft(90.5);
  });

  it('S52 reading does not extend the life, saving does', async () => {
    session.set('a', 1);
    await sessions.save(session);
    await context.elapseRedisKey(storeKeyOf(context, session.key), 1000_000);
    const loaded = await again();
    expect(loaded.get('a')).toBe(1);
    await sessions.commit(loaded);
    await expectLeft(AGE - 1000);
    const written = await again();
    written.set('a', 2);
    await sessions.commit(written);
    await expectLeft(AGE);
  });

  describe('with saveEveryRequest', () => {
    let calls: string[];
    let eager: SessionService;

    beforeEach(async () => {
      const recording = recorded(context.store);
      calls = recording.calls;
      eager = sessionsOf(context, { saveEveryRequest: true }, { store: recording.store });
      session.set('a', 1);
      session.setExpiry(100);
      await sessions.save(session);
      await context.elapseRedisKey(storeKeyOf(context, session.key), 50_000);
    });

    it('S52 an unchanged one SX2 is extended by one script', async () => {
      const loaded = await eager.load(session.key!);
      expect(await eager.commit(loaded)).toEqual({ outcome: 'touched', key: session.key });
      expect(calls).toEqual(['get', 'compareAndExpire']);
      await expectLeft(100);
    });

    it('S52 one that was created or saved before is extended, and stays created or saved', async () => {
      const created = await eager.create();
      expect((await eager.commit(created)).outcome).toBe('created');
      const loaded = await eager.load(session.key!);
      await eager.save(loaded);
      expect((await eager.commit(loaded)).outcome).toBe('saved');
      expect(calls).toEqual(['setIfAbsent', 'compareAndExpire', 'get', 'compareAndSet', 'compareAndExpire']);
    });

    it('S52 it is no error when it is gone by then', async () => {
      const loaded = await eager.load(session.key!);
      await sessions.delete(session);
      expect(await eager.commit(loaded)).toEqual({ outcome: 'nothing', key: session.key });
      expect(await sessionKeysOf(context)).toEqual([]);
    });

    it('S52 a changed one is saved', async () => {
      const loaded = await eager.load(session.key!);
      loaded.set('a', 2);
      expect((await eager.commit(loaded)).outcome).toBe('saved');
      expect(calls).toEqual(['get', 'compareAndSet']);
      await expectLeft(100);
    });
  });
});
