import { Logger } from '@nestjs/common';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { Session } from '../../lib/session/object/session.js';
import { systemClock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/stores.js';
import { sessionSettings } from '../support/sessions.js';

const KEY = 'k'.repeat(32);

describe('Sessions while Redis is down', () => {
  let server: RedisServer;
  let store: KeyValueStore;
  let sessions: SessionService;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
    await server.kill();
    store = openRedis(server.url);
    sessions = new SessionService(store, sessionSettings(), systemClock);
  });

  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  /** The connection is restored in the background. */
  const again = async <T>(work: () => Promise<T>): Promise<T> => {
    const end = Date.now() + 10_000;
    for (;;)
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RedisConnectionError) || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
  };

  const calls: Record<string, (session: Session) => Promise<unknown>> = {
    load: () => sessions.load(KEY),
    save: (session) => sessions.save(session),
    'the commit of a changed one': (session) => sessions.commit(session),
    create: () => sessions.create(),
    'the commit of a new one': () => {
      const fresh = sessions.open();
      fresh.set('a', 1);
      return sessions.commit(fresh);
    },
    exists: () => sessions.exists(KEY),
    delete: () => sessions.delete(KEY),
    flush: (session) => session.flush(),
    'the commit after a flush that nobody awaited': (session) => {
      void session.flush();
      return sessions.commit(session);
    },
    cycleKey: (session) => sessions.cycleKey(session),
    reload: (session) => session.reload(),
  };

  describe('for good', () => {
    const loaded = new Map<string, Session>();

    beforeAll(async () => {
      await server.start();
      for (const name of Object.keys(calls)) {
        const session = await again(() => sessions.create());
        session.set('a', 1);
        loaded.set(name, session);
      }
      await server.kill();
    });

    it.each(Object.keys(calls))('S60 %s rejects with RedisConnectionError', async (name) => {
      await expect(calls[name]!(loaded.get(name)!)).rejects.toThrow(RedisConnectionError);
    });
  });

  describe('for a while', () => {
    let session: Session;

    beforeEach(async () => {
      await server.start();
      session = await again(() => sessions.create());
      session.set('a', 1);
      await server.kill();
    });

    it('S60 a failed save keeps the changes, and a later one saves them', async () => {
      await expect(sessions.save(session)).rejects.toThrow(RedisConnectionError);
      expect(session.modified).toBe(true);
      await server.start();
      await again(() => sessions.save(session, { mustCreate: true }));
      expect((await sessions.load(session.key!)).toJSON()).toEqual({ a: 1 });
      await server.kill();
    });

    it('S60 a flush that failed can be tried again', async () => {
      await expect(session.flush()).rejects.toThrow(RedisConnectionError);
      expect(session.key).toBeNull();
      await server.start();
      await again(() => session.flush());
      expect(await sessions.commit(session)).toEqual({ outcome: 'deleted', key: null });
      await server.kill();
    });

    it('S60 a load that failed is tried again by the next who asks', async () => {
      const opened = sessions.open(KEY);
      await expect(sessions.ensureLoaded(opened)).rejects.toThrow(RedisConnectionError);
      await server.start();
      await again(() => sessions.ensureLoaded(opened));
      expect(opened.key).toBeNull();
      await server.kill();
    });
  });
});
