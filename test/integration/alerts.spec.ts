import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { flightsOn } from '../../lib/cache/read-through/single-flight.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { settle } from '../../lib/config/option.js';
import { type ReadThroughOptions, readThroughOptions } from '../../lib/config/read-through-options.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { collectCodexRedisMetrics } from '../../lib/prometheus/index.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionInterruptedError, SessionLimitError } from '../../lib/errors/session.errors.js';
import type { Session } from '../../lib/session/object/session.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { alertRules, fires, seriesOf } from '../support/alert-rules.js';
import { finishLoading, occupy, pauseClients, reload } from '../support/episodes.js';
import { failing } from '../support/failing.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin, until } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { sessionSettings } from '../support/sessions.js';

const rules = alertRules();
/** Those of the target, which no scrape of it shows. */
const OF_THE_TARGET = ['ApplicationNotStarted', 'ApplicationRestarts'];
const PERHAPS = ['OperationsSlow', 'RedisConnectionLost'];

describe('the alerts of the page "Observing"', () => {
  const admin = new RedisAdmin();
  let server: RedisServer;
  let store: KeyValueStore;
  let register: Registry;
  let end: () => void;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  beforeEach(async () => {
    server = await RedisServer.start({ config: { 'enable-debug-command': 'yes' } });
    store = openRedis(server.url, { operationTimeoutMs: 300 });
    await store.connect();
    register = new Registry();
    end = collectCodexRedisMetrics({ register });
  });
  afterEach(async () => {
    end();
    await store.close();
    admin.close();
    await server.stop();
  });

  const send = (...args: string[]): Promise<unknown> => admin.command(server.port, ...args);

  const cacheOf = (options: ReadThroughOptions = {}): CacheService => {
    const readThrough = settle(readThroughOptions, options);
    const settings = { place: 'cache.', keyPrefix: 'app', timeoutMs: 60_000, version: 1, readThrough };
    return new CacheService(store, settings, new JsonSerializer(), systemClock);
  };

  /** One call of each kind: reads, writes, a session, a rate limit. */
  const use = async (): Promise<void> => {
    const cache = cacheOf();
    const sessions = new SessionService(store, sessionSettings(), systemClock);
    const settings = resolveSettings({ url: 'memory:', cache: { keyPrefix: 'app' } });
    const limits = new CodexRedisThrottlerStorage(store, settings, { whenUnavailable: 'allow' });
    const calls = [
      cache.get('k'),
      cache.set('k', 1),
      cache.keys().next(),
      sessions.load('s'.repeat(32)),
      sessions.create(),
      limits.increment('visitor', 60_000, 100, 0, 'default'),
    ];
    await Promise.allSettled(calls);
  };

  const scrape = async (): Promise<ReturnType<typeof seriesOf>> => seriesOf(await register.metrics());

  /** The alerts that fire over two scrapes with what happens between them. */
  const firedBy = async (happen: () => Promise<unknown>): Promise<string[]> => {
    await use();
    const before = await scrape();
    await happen();
    const after = await scrape();
    return rules
      .filter(({ alert }) => !OF_THE_TARGET.includes(alert))
      .filter(({ expr }) => fires(expr, before, after))
      .map(({ alert }) => alert);
  };

  const LOST = ['RedisConnectionLost', 'SessionsNotSaved', 'RateLimitsNotCounted'];
  const AWAY = ['RedisCannotServe', 'SessionsNotSaved', 'RateLimitsNotCounted'];

  /** Without those that a busy machine may fire besides, and a replica whose connection was given up. */
  const sure = (fired: string[], expected: readonly string[] = []): string[] =>
    fired.filter((alert) => expected.includes(alert) || !PERHAPS.includes(alert)).sort();

  it('stay silent while all is well', async () => {
    expect(sure(await firedBy(use))).toEqual([]);
  });

  it.each<[string, string[], () => Promise<unknown>]>([
    ['stopped', LOST, () => server.kill().then(use)],
    [
      'frozen',
      ['RedisSilent', 'SessionsNotSaved', 'RateLimitsNotCounted'],
      async () => {
        server.freeze();
        await use();
        server.thaw();
      },
    ],
    [
      'paused',
      ['RedisSilent', 'SessionsNotSaved', 'RateLimitsNotCounted'],
      async () => {
        await pauseClients(send, 1000);
        await use();
      },
    ],
    [
      'busy for less than the deadline',
      ['OperationsSlow'],
      async () => {
        const { end: served } = await occupy(send, 200);
        await Promise.all([use(), served]);
      },
    ],
    ['out of memory', AWAY, () => send('CONFIG', 'SET', 'maxmemory', '1').then(use)],
    ['a read-only replica', AWAY, () => send('REPLICAOF', '127.0.0.1', '1').then(use)],
    [
      'refusing writes, since it cannot save',
      AWAY,
      async () => {
        await send('CONFIG', 'SET', 'min-replicas-to-write', '1');
        await use();
      },
    ],
    [
      'loading its data',
      ['RedisCannotServe', 'SessionsNotSaved', 'RateLimitsNotCounted'],
      async () => {
        const { end: loaded } = await reload(send, 20_000);
        const other = new RedisAdmin();
        await until('it loads', async () =>
          (await other.command<string>(server.port, 'INFO', 'persistence')).includes('loading:1'),
        );
        await use();
        await finishLoading((...args) => other.command(server.port, ...args));
        await loaded;
        other.close();
      },
    ],
    [
      'a new password',
      LOST,
      async () => {
        await send('CONFIG', 'SET', 'requirepass', 'changed');
        await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await pause(20);
        await use();
      },
    ],
    [
      'a user who may not write',
      ['RedisRefuses', 'SessionsNotSaved', 'RateLimitsNotCounted'],
      () => send('ACL', 'SETUSER', 'default', '-@write', '-@scripting').then(use),
    ],
    [
      'an entry of another type',
      ['RedisRefuses'],
      async () => {
        await send('DEL', 'app:1:k');
        await send('RPUSH', 'app:1:k', 'a');
        await cacheOf()
          .get('k')
          .catch(() => undefined);
      },
    ],
    [
      'values made without it',
      ['RedisConnectionLost', 'CacheDoesWithoutRedis'],
      async () => {
        await server.kill();
        await cacheOf()
          .get('k')
          .catch(() => undefined);
        await cacheOf({ whenUnavailable: 'compute' }).getOrSet('k', () => 1);
      },
    ],
  ])('%s: the first failure of a process fires %j', async (_, alerts, happen) => {
    expect(sure(await firedBy(happen), alerts)).toEqual([...alerts].sort());
  });

  it('stopped for longer: RedisNotReachable, which has a rate as long as calls go on', async () => {
    await server.kill();
    expect(await firedBy(use)).toContain('RedisNotReachable');
  });

  it('stale values, which have a rate as long as they are served: StaleValuesServed', async () => {
    const stale = cacheOf({ grace: 3600, retryAfter: 0.001 });
    await stale.set('old', 1, 0.001);
    const read = async (): Promise<void> => {
      await pause(10);
      expect(await stale.getOrSet('old', failing)).toBe(1);
    };
    await read();
    expect(sure(await firedBy(read))).toEqual(['StaleValuesServed']);
  });

  it('a value that is refreshed behind the call: none', async () => {
    const stale = cacheOf({ grace: 3600, softTimeout: 0 });
    await stale.set('old', 1, 0.001);
    await pause(10);
    const slow = (): Promise<number> => pause(5, 2);
    const read = async (): Promise<void> => {
      await stale.getOrSet('old', slow, 0.001);
      await flightsOn(store).settled();
      await pause(10);
    };
    await read();
    expect(sure(await firedBy(read))).toEqual([]);
  });

  it('what a visitor may cause, a session that was ended elsewhere and one sign-in too many: none', async () => {
    const sessions = new SessionService(
      store,
      sessionSettings({ perUser: { limit: 1, whenFull: 'refuse' } }),
      systemClock,
    );
    const signedIn = async (): Promise<Session> => {
      const session = sessions.open();
      await session.signIn('7');
      await sessions.save(session);
      return session;
    };
    const happen = async (): Promise<void> => {
      const session = await signedIn();
      await expect(signedIn()).rejects.toThrow(SessionLimitError);
      const elsewhere = await sessions.load(session.key!);
      await session.flush();
      elsewhere.set('a', 1);
      await expect(sessions.save(elsewhere)).rejects.toThrow(SessionInterruptedError);
    };
    await happen();
    expect(sure(await firedBy(happen))).toEqual([]);
  });
});
