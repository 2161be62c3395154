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
    return Object.fromEntries(counts.filter(([name]) => !NOT_COUNTED.test(name)));
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

  it('SE15 a sign-in is two commands beside the load: the new one, and the script that takes the old one away', async () => {
    const session = await sessions.load(await stored());
    await session.signIn(7);
    expect(await callsOf(() => sessions.commit(session))).toEqual({ set: 2, evalsha: 1, get: 1, unlink: 1 });
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
