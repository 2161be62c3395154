import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { CacheService } from '../../lib/cache/cache.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { settle } from '../../lib/config/option.js';
import { readThroughOptions } from '../../lib/config/read-through-options.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { CodexRedisInstrumentation } from '../../lib/opentelemetry/index.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { openRedis } from '../support/open-redis.js';
import { RedisServer } from '../support/redis-server.js';
import { sessionSettings } from '../support/sessions.js';
import { Traces, traceCommands } from '../support/traces.js';

describe('OpenTelemetry: every operation', () => {
  let traces: Traces;
  let server: RedisServer;
  let store: KeyValueStore;
  let instrumentation: CodexRedisInstrumentation;
  let endCommands: () => void;

  beforeAll(async () => {
    traces = new Traces();
    server = await RedisServer.start();
    store = openRedis(server.url);
    await store.connect();
    instrumentation = new CodexRedisInstrumentation();
    instrumentation.enable();
    endCommands = traceCommands();
  });
  afterAll(async () => {
    endCommands();
    instrumentation.disable();
    await store.close();
    await server.stop();
    await traces.end();
  });

  /** The spans of a call, and how many commands each has as children. */
  const spansOf = async (call: () => Promise<unknown>): Promise<[string, number][]> => {
    traces.reset();
    await call();
    const commands = traces.of('node-redis').filter(({ name }) => name !== 'PING');
    const spans = traces.of('nestjs-codex-redis');
    const childrenOf = (span: ReadableSpan): number =>
      commands.filter(({ parentSpanContext }) => parentSpanContext?.spanId === span.spanContext().spanId)
        .length;
    const told = spans.map((span): [string, number] => [span.name, childrenOf(span)]);
    // each command is the child of one span
    expect(told.reduce((sum, [, count]) => sum + count, 0)).toBe(commands.length);
    return told;
  };

  it('OB2 each call of a cache and of rate limits is one span, and its commands are the children', async () => {
    const readThrough = settle(readThroughOptions, {});
    const settings = { place: 'cache.', keyPrefix: 'app', timeoutMs: 60_000, version: 1, readThrough };
    const cache = new CacheService(store, { ...settings, tags: true }, new JsonSerializer(), systemClock);
    const limits = new CodexRedisThrottlerStorage(
      store,
      resolveSettings({ url: 'memory:', cache: { keyPrefix: 'app' } }),
    );
    const walk = async (): Promise<void> => {
      for await (const key of cache.keys()) expect(key).not.toBe('');
    };
    const calls: Record<string, () => Promise<unknown>> = {
      add: () => cache.add('k', 1),
      set: () => cache.set('k', 1, { tags: ['t'] }),
      get: () => cache.get('k'),
      has: () => cache.has('k'),
      ttl: () => cache.ttl('k'),
      touch: () => cache.touch('k'),
      expire: () => cache.expire('k', 60),
      expireAt: () => cache.expireAt('k', new Date(Date.now() + 60_000)),
      persist: () => cache.persist('k'),
      setMany: () => cache.setMany({ a: 1, b: 2 }),
      getMany: () => cache.getMany(['a', 'b']),
      deleteMany: () => cache.deleteMany(['a', 'b']),
      incr: () => cache.incr('k'),
      incrVersion: () => cache.incrVersion('k'),
      getOrSet: () => cache.getOrSet('l', () => 1),
      getOrSetMany: () => cache.getOrSetMany(['l', 'm'], () => ({ m: 1 })),
      invalidateTags: () => cache.invalidateTags('t', 'u'),
      withLock: () => cache.withLock('lock', () => undefined),
      keys: walk,
      deletePattern: () => cache.deletePattern('l'),
      delete: () => cache.delete('m'),
      clear: () => cache.clear(),
      throttle: () => limits.increment('visitor', 60_000, 10, 0, 'default'),
    };
    for (const [operation, call] of Object.entries(calls)) {
      const spans = await spansOf(call);
      expect(spans).toEqual([[`cache ${operation}`, expect.any(Number)]]);
      expect(spans[0]![1]).toBeGreaterThan(0);
    }
  });

  it('OB2 each call for the sessions of a user is one span, with one more for each session that it ends', async () => {
    const sessions = new SessionService(store, sessionSettings(), systemClock);
    for (let i = 0; i < 3; i++) {
      const session = sessions.open();
      await session.signIn('7');
      await sessions.save(session);
    }
    const namesOf = async (call: () => Promise<unknown>): Promise<string[]> =>
      (await spansOf(call)).map(([name]) => name.replace('session ', ''));
    const [one] = await sessions.ofUser('7');
    expect(await namesOf(() => sessions.ofUser('7'))).toEqual(['ofUser']);
    expect(await namesOf(() => sessions.endOne('7', one!.handle))).toEqual(['end', 'endOne']);
    expect(await namesOf(() => sessions.endOfUser('7'))).toEqual(['end', 'end', 'endOfUser']);
    expect(await namesOf(() => sessions.reindex())).toEqual(['reindex']);
    expect(await namesOf(() => sessions.exists('s'.repeat(32)))).toEqual(['exists']);
  });
});
