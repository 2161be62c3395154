import 'reflect-metadata';
import { inspect } from 'node:util';
import { Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import { SessionGuard } from '../../lib/session-http/nest/session.guard.js';
import { SessionInterceptor } from '../../lib/session-http/nest/session.interceptor.js';
import { CodexRedisHealthModule } from '../../lib/terminus/codex-redis-health.module.js';
import { CodexRedisThrottlerStorage } from '../../lib/throttler/codex-redis-throttler.storage.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { getCacheToken } from '../../lib/tokens/cache-token.js';
import { RedisServer } from '../support/redis-server.js';

const SECRET = 'SECRET';
const secretKey = `${SECRET} of the sessions, 32 bytes or more`;

const LOOKS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  inspect: (value) => inspect(value, { depth: 12 }),
  'inspect with what is hidden': (value) => inspect(value, { depth: 8, showHidden: true }),
  'console.dir': (value) => inspect(value, { depth: 12, customInspect: false }),
  JSON: (value) => JSON.stringify(value),
};

const shows = (value: unknown): string[] =>
  Object.entries(LOOKS).flatMap(([how, look]) => {
    try {
      return look(value)?.includes(SECRET) ? [how] : [];
    } catch (error) {
      if (error instanceof TypeError) return []; // a cycle, of which JSON shows nothing
      throw error;
    }
  });

/** Nest's own, which lead to everything. */
const NESTS =
  /^(ModulesContainer|ModuleRef|ApplicationConfig|HttpAdapterHost|LazyModuleLoader|ExternalContextCreator)$/;

describe('what logs show', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start({ config: { requirepass: SECRET } });
  });
  afterAll(() => server.stop());

  it.each(['forRoot', 'forRootAsync'] as const)('SX6 of each provider of %s is no secret', async (way) => {
    const url = `redis://:${SECRET}@127.0.0.1:${server.port}/0`;
    const options = {
      url,
      projectName: 'shop',
      secretKey,
      secretKeyFallbacks: [`${SECRET} of before, which has 32 bytes or more`],
      session: { url, clientOptions: { password: SECRET } },
      cache: { keyPrefix: 'shop', serializer: 'the serializer' },
    };
    @Module({
      providers: [{ provide: 'the serializer', useValue: { dumps: JSON.stringify, loads: JSON.parse } }],
      exports: ['the serializer'],
    })
    class SerializerModule {}
    @Module({
      imports: [
        SerializerModule,
        way === 'forRoot'
          ? CodexRedisModule.forRoot(options)
          : CodexRedisModule.forRootAsync({ useFactory: () => options }),
        CodexRedisModule.registerCache({ name: 'plain', keyPrefix: 'plain', url }),
        CodexRedisModule.registerCacheAsync({
          name: 'late',
          useFactory: () => ({ keyPrefix: 'late', url, clientOptions: { password: SECRET } }),
        }),
        CodexRedisHealthModule,
      ],
      providers: [SessionGuard, SessionInterceptor, CodexRedisThrottlerStorage],
    })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    try {
      const cache = app.get<CacheService>(getCacheToken('late'), { strict: false });
      await cache.set('a', 1);
      const modules = app.get(ModulesContainer);
      const faults: [string, string[]][] = [];
      let seen = 0;
      for (const module of modules.values())
        for (const [token, { instance }] of [...module.providers, ...module.injectables]) {
          const name = typeof token === 'function' ? token.name : String(token);
          if (typeof instance !== 'object' || (instance as unknown) === null || NESTS.test(name)) continue;
          seen += 1;
          const ways = shows(instance);
          if (ways.length > 0) faults.push([name, ways]);
        }
      expect(faults).toEqual([]);
      expect(seen).toBeGreaterThan(20);
    } finally {
      await app.close();
    }
  });

  it('SX6 of an error and its causes is no secret', async () => {
    const url = `redis://:${SECRET}-wrong@127.0.0.1:${server.port}/0`;
    const failure = async (options: object): Promise<unknown> => {
      @Module({ imports: [CodexRedisModule.forRoot({ ...options, cache: { keyPrefix: 'shop' } })] })
      class AppModule {}
      return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false }).then(
        () => undefined,
        (error: unknown) => error,
      );
    };
    for (const options of [
      { url },
      { url, clientOptions: { tls: SECRET } },
      { url: `http://${SECRET}` },
      { secretKey: { [SECRET]: SECRET } },
    ]) {
      const error = await failure(options);
      expect(error).toBeInstanceOf(Error);
      expect(shows(error)).toEqual([]);
    }
    expect(shows(new RedisConnectionError())).toEqual([]);
  });
});
