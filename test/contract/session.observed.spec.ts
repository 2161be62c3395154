import { jest } from '@jest/globals';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { Operations } from '../../lib/telemetry/operations.js';
import { Faults } from '../../lib/testing/faults.js';
import { sessionEvents } from '../support/cache-events.js';
import { sessionsOf, storeSession } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const UNKNOWN = 'u'.repeat(32);

describeOnEveryStore('Sessions, observed', (context) => {
  it('OB1 each use of a stored session is one event of nestjs-codex-redis:session, without its key', async () => {
    const faults = new Faults();
    const sessions = sessionsOf(context, { saveEveryRequest: true }, { store: faults.wrap(context.store) });
    const key = await storeSession(sessions, { user: 'secret' });
    const events = sessionEvents();
    const done = (operation: string): object => ({ operation, outcome: 'done' });
    try {
      const session = await sessions.load(key);
      session.set('cart', 1);
      await sessions.save(session);
      await sessions.cycleKey(session);
      await session.reload();
      await sessions.commit(session);
      await sessions.exists(session.key!);
      await sessions.exists(UNKNOWN);
      await sessions.load(UNKNOWN);
      await sessions.load('no key');
      await sessions.commit(sessions.open());
      await sessions.delete(session.key!);
      await sessions.delete(session.key!);
      await sessions.create();
      faults.failNext({ times: 1 });
      await expect(sessions.load(key)).rejects.toThrow(RedisConnectionError);
      expect(events.of()).toEqual([
        { operation: 'load', outcome: 'hit' },
        done('save'),
        done('cycle'),
        { operation: 'reload', outcome: 'hit' },
        { operation: 'touch', outcome: 'hit' },
        { operation: 'exists', outcome: 'hit' },
        { operation: 'exists', outcome: 'miss' },
        { operation: 'load', outcome: 'miss' },
        { operation: 'end', outcome: 'hit' },
        { operation: 'end', outcome: 'miss' },
        done('create'),
        { operation: 'load', outcome: 'error', error: 'RedisConnectionError' },
      ]);
      const text = JSON.stringify(events.all);
      for (const secret of [key, session.key!, UNKNOWN, 'secret']) expect(text).not.toContain(secret);
    } finally {
      events.end();
    }
  });

  it('OB1 each use of the sessions of a user is one event, and so is each session that it ends', async () => {
    const sessions = sessionsOf(context);
    for (let i = 0; i < 3; i++) {
      const session = sessions.open();
      await session.signIn('secret');
      await sessions.save(session);
    }
    const events = sessionEvents();
    try {
      const [one] = await sessions.ofUser('secret');
      await sessions.ofUser('nobody');
      await sessions.endOne('secret', one!.handle);
      await sessions.endOne('secret', one!.handle);
      await sessions.endOfUser('secret');
      await sessions.endOfUser('secret');
      await sessions.reindex();
      await expect(sessions.ofUser({} as never)).rejects.toThrow(TypeError);
      const told = (operation: string, outcome: string): object => ({ operation, outcome });
      expect(events.of()).toEqual([
        told('ofUser', 'hit'),
        told('ofUser', 'miss'),
        told('end', 'hit'),
        told('endOne', 'hit'),
        told('endOne', 'miss'),
        told('end', 'hit'),
        told('end', 'hit'),
        told('endOfUser', 'hit'),
        told('endOfUser', 'miss'),
        told('reindex', 'done'),
        { ...told('ofUser', 'error'), error: 'TypeError' },
      ]);
      expect(JSON.stringify(events.all)).not.toContain('secret');
    } finally {
      events.end();
    }
  });

  it('OB1 no event is made while there is no subscriber', async () => {
    const begin = jest.spyOn(Operations.prototype, 'begin');
    try {
      const sessions = sessionsOf(context);
      const key = await storeSession(sessions, { a: 1 });
      const session = await sessions.load(key);
      session.set('a', 2);
      await sessions.commit(session);
      expect(begin).not.toHaveBeenCalled();
      const events = sessionEvents();
      await sessions.delete(key);
      events.end();
      expect(begin).toHaveBeenCalledTimes(1);
    } finally {
      begin.mockRestore();
    }
  });
});
