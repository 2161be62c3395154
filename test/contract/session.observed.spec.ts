import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { SessionOperation } from '../../lib/telemetry/session-channel.js';
import { sessionEvents } from '../support/cache-events.js';
import { drivenOf, eventsOf, madeBy, SECRET } from '../support/outcomes/driving.js';
import { SESSION_OUTCOMES, SessionScene, UNKNOWN } from '../support/outcomes/session-outcomes.js';
import { sessionKeysOf, sessionsOf, storeKeyOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

/** The sessions that end with a call for the sessions of a user are told of, too. */
const ALSO: Partial<Record<SessionOperation, object[]>> = {
  endOfUser: [{ operation: 'end', outcome: 'hit' }],
  endOne: [{ operation: 'end', outcome: 'hit' }],
};

describeOnEveryStore('Sessions, observed', (context) => {
  let warn: jest.SpiedFunction<Logger['warn']>;
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
  });
  afterEach(() => warn.mockRestore());

  const storedKeys = async (): Promise<string[]> =>
    (await sessionKeysOf(context)).map((key) => key.slice(storeKeyOf(context, '').length));

  it.each(Object.keys(SESSION_OUTCOMES) as SessionOperation[])(
    'OB1 %s is one event of nestjs-codex-redis:session with each of its outcomes, and no event is made while nobody listens',
    async (operation) => {
      for (const { outcome, way, prepare } of drivenOf(SESSION_OUTCOMES, [operation])) {
        const ending = `${operation} ${outcome} ${way ?? ''}`;
        const unheard = await prepare(new SessionScene(context));
        expect([ending, await madeBy(unheard)]).toEqual([ending, { begun: 0, published: 0 }]);
        const scene = new SessionScene(context);
        const call = await prepare(scene);
        const keys = await storedKeys();
        const { all, told, failure } = await eventsOf(sessionEvents, call);
        const also = outcome === 'hit' ? (ALSO[operation] ?? []) : [];
        const error = outcome === 'error' && { error: (failure as Error).name };
        expect([ending, told]).toEqual([ending, [...also, { operation, outcome, ...error }]]);
        const shown = JSON.stringify(all);
        const secrets = [SECRET, UNKNOWN, ...keys, ...(await storedKeys())];
        expect([ending, secrets.filter((secret) => shown.includes(secret))]).toEqual([ending, []]);
      }
    },
  );

  it('OB1 a call that sends no command has no event, except a save that fails because of other requests', async () => {
    const sessions = sessionsOf(context);
    const session = sessions.open();
    session.set('cart', 1);
    await sessions.save(session);
    const loaded = await Promise.all(Array.from({ length: 66 }, () => sessions.load(session.key!)));
    const { told } = await eventsOf(sessionEvents, async () => {
      await sessions.load('no key');
      await sessions.exists('no key');
      await sessions.delete('no key');
      await sessions.commit(sessions.open());
      loaded.forEach((one, i) => one.set(`entry ${i}`, i));
      await Promise.allSettled(loaded.map((one) => sessions.save(one)));
    });
    expect(told.filter((event) => !isDeepStrictEqual(event, { operation: 'save', outcome: 'done' }))).toEqual(
      Array.from({ length: 2 }, () => ({
        operation: 'save',
        outcome: 'error',
        error: 'SessionConflictError',
      })),
    );
    expect(told).toHaveLength(66);
  });
});
