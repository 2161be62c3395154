import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { recorded, sessionSettings, sessionsOf, storeSession } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Sessions of several keys', (context) => {
  const unknown = 'a'.repeat(32);

  it('SE19 the first that is stored is loaded, with one read for each that is tried', async () => {
    const { store, calls } = recorded(context.store);
    const sessions = sessionsOf(context, {}, { store });
    const key = await storeSession(sessions, { n: 1 });
    const other = await storeSession(sessions, { n: 2 });
    for (const [keys, n, reads] of [
      [[key, other], 1, 1],
      [[unknown, other, key], 2, 2],
      [['malformed', unknown, unknown, key], 1, 2],
    ] as const) {
      calls.length = 0;
      const session = sessions.open([...keys]);
      expect(session.key).toBeNull();
      await sessions.ensureLoaded(session);
      expect(session.toJSON()).toEqual({ n });
      expect(session.key).toBe(n === 1 ? key : other);
      expect(calls).toEqual(Array<string>(reads).fill('get'));
    }
  });

  it('SE19 a Cookie header gives the last that is stored', async () => {
    const sessions = sessionsOf(context, { cookie: { ...sessionSettings().cookie, name: 'sid' } });
    const key = await storeSession(sessions, { n: 1 });
    for (const header of [
      `sid=${unknown}; sid=${key}`,
      `sid=${key}; sid=${unknown}`,
      `sid=${key}; sid=malformed`,
    ])
      expect((await sessions.loadFromCookieHeader(header)).toJSON()).toEqual({ n: 1 });
  });

  it('SE19 SE2 the first with a trace decides where none is stored', async () => {
    const { store, calls } = recorded(context.store);
    const sessions = sessionsOf(context, {}, { store });
    const moved = await storeSession(sessions, { n: 1 });
    const moving = await sessions.load(moved);
    await moving.signIn(7);
    await sessions.commit(moving);
    calls.length = 0;
    const session = sessions.open([unknown, moved]);
    await sessions.ensureLoaded(session);
    expect(calls).toEqual(['get', 'get', 'get', 'get']);
    expect(session.toJSON()).toEqual({});
    session.set('n', 2);
    await expect(sessions.commit(session)).rejects.toThrow(SessionInterruptedError);
  });
});
