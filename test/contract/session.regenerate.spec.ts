import { SessionInterruptedError, SessionStateError } from '../../lib/errors/session.errors.js';
import type { Session } from '../../lib/session/object/session.js';
import { sessionStateOf } from '../../lib/session/object/state-of.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { sessionKeysOf, sessionsOf, storeKeyOf, storeSession } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Sessions that are regenerated', (context) => {
  let sessions: SessionService;
  let key: string;
  /** What the request has for a session. */
  let current: Session;

  const loadForRequest = async (): Promise<Session> => {
    const session = await sessions.load(key);
    current = session;
    sessionStateOf(session).use.serve({
      isOver: false,
      notLoaded: 'not loaded',
      warnOfLateRead: () => undefined,
      replaceSession: (next) => void (current = next),
    });
    return session;
  };

  beforeEach(async () => {
    sessions = sessionsOf(context);
    key = await storeSession(sessions, { cart: ['book'], flash: 'hello' });
  });

  it('SE22 gives a request a new session at once, and leaves the one before as it was', async () => {
    const before = await loadForRequest();
    const regenerating = before.regenerate();
    expect(current).not.toBe(before);
    expect(current.toJSON()).toEqual({});
    expect(current.key).not.toBe(key);
    await regenerating;
    expect(before.toJSON()).toEqual({ cart: ['book'], flash: 'hello' });
    expect(before.key).toBe(key);
    current.set('user', 7);
    await sessions.commit(current);
    expect((await sessions.load(current.key!)).toJSON()).toEqual({ user: 7 });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, current.key)]);
  });

  it('SE22 keeps the entries it names in the new one', async () => {
    const before = await loadForRequest();
    before.set('cart', ['book', 'pen']);
    await before.regenerate(['cart']);
    await sessions.commit(current);
    expect((await sessions.load(current.key!)).toJSON()).toEqual({ cart: ['book', 'pen'] });
  });

  it('SE22 ends what a save in progress stores, and ends nothing twice', async () => {
    const before = await loadForRequest();
    await before.flush();
    before.set('draft', 1);
    const saving = before.save();
    await before.regenerate();
    await saving;
    const outcome = await sessions.commit(current);
    expect(outcome).toEqual({ outcome: 'deleted', key: null });
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SE22 the new one can be regenerated as well, also once it is stored', async () => {
    const first = await loadForRequest();
    await first.regenerate();
    const second = current;
    second.set('user', 7);
    await second.save();
    await second.regenerate(['user']);
    expect(await sessions.commit(current)).toEqual({ outcome: 'created', key: current.key });
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, current.key)]);
    await expect(first.regenerate()).rejects.toThrow(SessionStateError);
    await expect(second.save()).rejects.toThrow(SessionStateError);
  });

  it('SE22 the one before cannot be changed or saved, and says what can', async () => {
    const before = await loadForRequest();
    await before.regenerate();
    const refused = /regenerate\(\).*can be read.*Use request\.session, which is the new one/;
    const changes: (() => unknown)[] = [
      () => (before['cart'] = []),
      () => delete before['cart'],
      () => before.set('cart', []),
      () => before.delete('cart'),
      () => before.pop('cart'),
      () => before.setDefault('absent', 1),
      () => before.update({ cart: [] }),
      () => before.increment('visits'),
      () => before.clear(),
      () => before.setExpiry(60),
    ];
    for (const change of changes) expect(change).toThrow(refused);
    const promised: (() => Promise<unknown>)[] = [
      () => before.signIn(7),
      () => before.cycleKey(),
      () => before.flush(),
      () => before.save(),
      () => before.regenerate(),
      () => before.destroy(),
      () => before.reload(),
      () => sessions.save(before),
      () => sessions.commit(before),
      () => sessions.cycleKey(before),
      () => sessions.flush(before),
    ];
    for (const change of promised) await expect(change()).rejects.toThrow(refused);
    expect(before.toJSON()).toEqual({ cart: ['book'], flash: 'hello' });
    await sessions.commit(current);
    expect(await sessionKeysOf(context)).toEqual([]);
  });

  it('SE22 without a request the session stays the same object', async () => {
    const session = await sessions.load(key);
    await session.regenerate(['cart']);
    expect(session.toJSON()).toEqual({ cart: ['book'] });
    await session.save();
    expect(await sessionKeysOf(context)).toEqual([storeKeyOf(context, session.key)]);
  });

  it('SE13 under the key of a session that another request ended, it makes a new one', async () => {
    const session = await loadForRequest();
    await sessions.delete(key);
    session.set('late', 1);
    await expect(session.save()).rejects.toThrow(SessionInterruptedError);
    await session.regenerate();
    current.set('user', 7);
    expect(await sessions.commit(current)).toEqual({ outcome: 'created', key: current.key });
  });
});
