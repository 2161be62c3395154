import { SessionService } from '../../lib/session/session.service.js';
import { systemClock } from '../../lib/common/clock.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { RedisAdmin } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { openRedis } from '../support/stores.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { sessionSettings } from '../support/sessions.js';

/** The commands a store may need to begin with, and those of the test itself. */
const NOT_COUNTED = /^(info|config|hello|client|ping|command|script|select|auth)/;

describe('The Redis commands of sessions', () => {
  const admin = new RedisAdmin();
  let server: RedisServer;
  let store: KeyValueStore;
  let sessions: SessionService;

  beforeAll(async () => {
    server = await RedisServer.start();
    store = openRedis(server.url);
    sessions = new SessionService(store, sessionSettings(), systemClock);
    const warm = await sessions.create();
    await sessions.save(warm);
    await sessions.cycleKey(warm);
    await warm.flush();
  });

  afterAll(async () => {
    admin.close();
    await store.close();
    await server.stop();
  });

  /** What the server was asked to do meanwhile; what a script did inside is the script's. */
  /** Those inside of scripts, too. */
  const callsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    await admin.command(server.port, 'CONFIG', 'RESETSTAT');
    await work();
    const info = await admin.command<string>(server.port, 'INFO', 'commandstats');
    const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
      ([, name, calls]) => [name!, Number(calls)] as const,
    );
    const {
      eval: first = 0,
      evalsha = 0,
      ...others
    } = Object.fromEntries(counts.filter(([name]) => !NOT_COUNTED.test(name)));
    // each connection learns a script by its first use
    return first + evalsha > 0 ? { ...others, evalsha: first + evalsha } : others;
  };

  const commandsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    const counts = Object.entries(await callsOf(work));
    const scripted = counts.some(([name]) => name.startsWith('eval'));
    return Object.fromEntries(counts.filter(([name]) => !scripted || name.startsWith('eval')));
  };

  const stored = async (): Promise<string> => {
    const session = sessions.open();
    session.set('a', [1]);
    await sessions.save(session);
    return session.key!;
  };

  it('S13 nothing for a request without a session', async () => {
    expect(
      await commandsOf(async () => {
        const session = sessions.open();
        await sessions.ensureLoaded(session);
        session.get('a');
        await sessions.commit(session);
      }),
    ).toEqual({});
  });

  it('S4 a load is one GET, and an unchanged commit nothing more', async () => {
    const key = await stored();
    expect(
      await commandsOf(async () => {
        const session = await sessions.load(key);
        session.get('a');
        await sessions.commit(session);
      }),
    ).toEqual({ get: 1 });
  });

  it('S57 a save is one script', async () => {
    const session = await sessions.load(await stored());
    session.set('a', 2);
    expect(await commandsOf(() => sessions.commit(session))).toEqual({ evalsha: 1 });
  });

  it('S15 a new session is one SET', async () => {
    expect(await commandsOf(() => sessions.create())).toEqual({ set: 1 });
  });

  it('S21 a new key is one SET, and one script that takes the old one away', async () => {
    const session = await sessions.load(await stored());
    await session.cycleKey();
    // the script asks for the old one and deletes it
    // and leaves a trace
    expect(await callsOf(() => sessions.commit(session))).toEqual({ set: 2, evalsha: 1, get: 1, unlink: 1 });
  });

  it('S20 a flush is one command', async () => {
    const session = await sessions.load(await stored());
    expect(await commandsOf(() => session.flush())).toEqual({ evalsha: 1 });
  });

  it('SE14 SX1 and one more for each key the session was moved to meanwhile', async () => {
    const key = await stored();
    const late = await sessions.load(key);
    await sessions.cycleKey(await sessions.load(key));
    expect(await commandsOf(() => late.flush())).toEqual({ evalsha: 2 });
  });

  it('SE2 SE13 a key that is not stored costs one GET more, of its trace', async () => {
    expect(await commandsOf(() => sessions.load('u'.repeat(32)))).toEqual({ get: 2 });
  });

  describe('US5', () => {
    let users = 0;
    let user: string;

    beforeEach(() => {
      user = `user ${++users}`;
    });

    const signedIn = async (service = sessions): Promise<string> => {
      const session = await service.load(await stored());
      await session.signIn(user);
      await service.commit(session);
      return session.key!;
    };

    it('US5 a request that neither writes nor extends costs nothing further', async () => {
      const key = await signedIn();
      const session = await sessions.load(key);
      session.get('a');
      expect(await commandsOf(() => sessions.commit(session))).toEqual({});
    });

    it('US5 a sign-in and a rotation cost two commands more: the announcement, and the confirmation', async () => {
      const session = await sessions.load(await stored());
      await session.signIn(user);
      expect(await commandsOf(() => sessions.commit(session))).toEqual({ evalsha: 4 });
      const moving = await sessions.load(session.key!);
      await moving.cycleKey();
      expect(await commandsOf(() => sessions.commit(moving))).toEqual({ evalsha: 4 });
    });

    it('US5 a save tells the index at most once in a tenth of the lifetime, an extension as well', async () => {
      let now = Date.now();
      const clock = { now: () => now };
      const settings = sessionSettings({ saveEveryRequest: true });
      const service = new SessionService(store, settings, clock);
      const key = await signedIn(service);
      const tenth = 14 * 8_640_000;
      const save = async (): Promise<unknown> => {
        const session = await service.load(key);
        session.set('a', now);
        return commandsOf(() => service.commit(session));
      };
      const extend = async (): Promise<unknown> => {
        const session = await service.load(key);
        return commandsOf(() => service.commit(session));
      };
      for (const touch of [save, extend]) {
        await touch();
        now += tenth * 0.9;
        expect(await touch()).toEqual({ evalsha: 1 });
        now += tenth * 0.2;
        expect(await touch()).toEqual({ evalsha: 2 });
        expect(await touch()).toEqual({ evalsha: 1 });
        now += tenth * 1.2;
      }
    });

    it('US5 a logout costs a command more in the same round trip', async () => {
      const key = await signedIn();
      const session = await sessions.load(key);
      expect(await commandsOf(() => session.flush())).toEqual({ evalsha: 2 });
    });

    it('US5 a list is one command and a batch of two for each session', async () => {
      for (let i = 0; i < 3; i++) await signedIn();
      expect(await callsOf(() => sessions.ofUser(user))).toEqual({
        evalsha: 1, time: 1, hgetall: 1, mget: 1, pttl: 3,
      }); // prettier-ignore
    });

    it('US5 ending all is a command, one for each session at once, and another', async () => {
      for (let i = 0; i < 5; i++) await signedIn();
      expect(await commandsOf(() => sessions.endOfUser(user))).toEqual({ evalsha: 1 + 5 + 1 });
    });

    it('US5 a full refuse looks once, and decides again', async () => {
      const perUser = { limit: 2, whenFull: 'refuse' } as const;
      const service = new SessionService(store, sessionSettings({ perUser }), systemClock);
      const gone = await signedIn(service);
      await signedIn(service);
      await store.delete(`shop:session:${gone}`);
      const session = await service.load(await stored());
      await session.signIn(user);
      const calls = await callsOf(() => service.commit(session));
      // the look is one batch: an MGET, and a PTTL for each; the EXISTS is in the script that stores the session
      expect(calls).toMatchObject({ evalsha: 5, exists: 1, mget: 1 });
    });

    it('US5 end-oldest ends a session beside the sign-in', async () => {
      const perUser = { limit: 1, whenFull: 'end-oldest' } as const;
      const service = new SessionService(store, sessionSettings({ perUser }), systemClock);
      await signedIn(service);
      const session = await service.load(await stored());
      await session.signIn(user);
      expect(await commandsOf(() => service.commit(session))).toEqual({ evalsha: 5 });
    });
  });

  it('S52 SX2 an unchanged one of saveEveryRequest is one script', async () => {
    const key = await stored();
    const eager = new SessionService(store, sessionSettings({ saveEveryRequest: true }), systemClock);
    // Redis learns the script
    await eager.commit(await eager.load(key));
    const session = await eager.load(key);
    expect(await callsOf(() => eager.commit(session))).toEqual({ evalsha: 1, get: 1, pexpire: 1 });
  });

  it('US9 with an idle timeout a read costs nothing more, until it extends the session by one script', async () => {
    const clock = new TestClock();
    const idle = new SessionService(store, sessionSettings({ idleTimeout: 600_000 }), clock);
    const { key } = await idle.create();
    const read = async (): Promise<unknown> => idle.commit(await idle.load(key!));
    clock.advance(59_000);
    expect(await callsOf(read)).toEqual({ get: 1 });
    clock.advance(1000);
    expect(await callsOf(read)).toEqual({ get: 2, evalsha: 1, set: 1 });
    expect(await callsOf(read)).toEqual({ get: 1 });
  });

  it('S57 26 saves of one session at once take 26 scripts', async () => {
    const key = await stored();
    const loaded = await Promise.all(Array.from({ length: 26 }, () => sessions.load(key)));
    loaded.forEach((session, index) => session.set(`entry${index}`, index));
    const commands = await commandsOf(() => Promise.all(loaded.map((session) => sessions.commit(session))));
    expect(commands).toEqual({ evalsha: 26 });
  });
});
