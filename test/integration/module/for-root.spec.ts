import { Inject, Injectable, Module, type Type } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  CacheService,
  codexRedisConfig,
  CodexRedisHealth,
  CodexRedisModule,
  type CodexRedisOptions,
  type CodexRedisOptionsFactory,
  getCacheToken,
  ImproperlyConfiguredError,
  JsonSerializer,
  RedisConnectionError,
  SessionService,
} from '../../../lib/index.js';
import { until } from '../../support/redis-admin.js';
import { RedisProxy } from '../../support/redis-proxy.js';

type Imports = NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>;

const opened: TestingModule[] = [];

const start = async (...imports: Imports): Promise<TestingModule> => {
  const module = await (await Test.createTestingModule({ imports }).compile()).init();
  opened.push(module);
  return module;
};

const failure = async (...imports: Imports): Promise<Error> =>
  start(...imports).then(
    () => {
      throw new Error('The module started');
    },
    (error: unknown) => error as Error,
  );

afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

const redisOptions = (): CodexRedisOptions => ({
  url: process.env['TEST_REDIS_URL'],
  cache: { keyPrefix: randomUUID() },
});

const proveCache = async (module: TestingModule): Promise<void> => {
  const cache = module.get(CacheService);
  await cache.set('k', { a: 1 }, 60);
  expect(await cache.get('k')).toEqual({ a: 1 });
  expect(await cache.clear()).toBe(1);
};

describe('CodexRedisModule.forRoot', () => {
  it('SX4 sends nothing to a Cluster or Sentinel with TLS beside nodes without', async () => {
    let connections = 0;
    const listener = createServer((socket) => {
      connections++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const tls = { socket: { tls: true }, password: 'secret' } as const;
    const sources: CodexRedisOptions[] = [
      { cluster: { rootNodes: [{ url: `rediss://:secret@127.0.0.1:${port}` }] } },
      {
        sentinel: {
          name: 'm',
          sentinelRootNodes: [{ host: '127.0.0.1', port }],
          sentinelClientOptions: tls,
          nodeClientOptions: { password: 'secret' },
        },
      },
    ];
    for (const source of sources) {
      const error = await failure(CodexRedisModule.forRoot(source));
      expect(error).toBeInstanceOf(ImproperlyConfiguredError);
      expect(error.message).not.toContain('secret');
    }
    expect(connections).toBe(0);
    listener.close();
  });

  it('supplies the three services on a real Redis', async () => {
    const module = await start(CodexRedisModule.forRoot(redisOptions()));
    await proveCache(module);
    expect(module.get(JsonSerializer).dumps({ a: 1 })).toBe('{"a":1}');
    expect(() => module.get(SessionService).open()).toThrow(/Sessions are off/);
  });

  it('supplies them on the embedded store', async () => {
    await proveCache(await start(CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'x' } })));
  });

  it('names every wrong option at start', async () => {
    const error = await failure(CodexRedisModule.forRoot({ url: 'http://x', cache: { timeout: -1 } }));
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error.message).toMatch(/url must be[\s\S]*cache\.timeout must be/);
  });

  it('opens nothing before it is initialised', async () => {
    const proxy = await RedisProxy.start(process.env['TEST_REDIS_URL']!);
    const module = await Test.createTestingModule({
      imports: [CodexRedisModule.forRoot({ url: proxy.url })],
    }).compile();
    opened.push(module);
    await pause(50);
    expect(proxy.accepted).toBe(0);
    await module.init();
    expect(proxy.accepted).toBeGreaterThan(0);
    await module.close();
    await proxy.stop();
  });

  it('C89 keeps no connection when one of several cannot be made', async () => {
    const [there, silent] = await Promise.all(
      [1, 2].map(() => RedisProxy.start(process.env['TEST_REDIS_URL']!)),
    );
    silent!.swallow();
    try {
      const error = await failure(
        CodexRedisModule.forRoot({
          url: there!.url,
          connectTimeoutMs: 300,
          projectName: 'shop',
          secretKey: 'the-secret'.repeat(4),
          session: { url: silent!.url },
        }),
      );

      expect(error).toBeInstanceOf(RedisConnectionError);
      expect(there!.accepted).toBe(1);
      await until('the connection that was made is gone', () => Promise.resolve(there!.open === 0), 2000);
    } finally {
      await Promise.all([there!.stop(), silent!.stop()]);
    }
  });

  it('is there once in an application', async () => {
    const error = await failure(
      CodexRedisModule.forRoot({ url: 'memory:' }),
      CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'b' } }),
    );
    expect(error).toBeInstanceOf(ImproperlyConfiguredError);
    expect(error.message).toMatch(/imported more than once.*registerCache/);
  });

  it('shows neither password nor secret when a service is inspected', async () => {
    const module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'redis://:the-password@127.0.0.1:1',
          projectName: 'shop',
          secretKey: 'the-secret'.repeat(4),
          session: {},
        }),
      ],
    }).compile();
    for (const service of [CacheService, SessionService, CodexRedisHealth, JsonSerializer])
      expect(inspect(module.get(service), { depth: 20, showHidden: true })).not.toMatch(
        /the-password|the-secret/,
      );
    await module.close();
  });

  it('says that sessions are off when they are used', async () => {
    const module = await start(CodexRedisModule.forRoot({ url: 'memory:' }));
    expect(() => module.get(SessionService).open()).toThrow(/Sessions are off.*session: \{\}/);
  });
});

describe('visibility', () => {
  @Injectable()
  class Reports {
    constructor(@Inject(CacheService) readonly cache: CacheService) {}
  }

  const feature = (...imports: Type[]): Type => {
    class Feature {}
    Module({ imports, providers: [Reports], exports: [Reports] })(Feature);
    return Feature;
  };

  it('needs an import where isGlobal is not set', async () => {
    expect((await failure(CodexRedisModule.forRoot({ url: 'memory:' }), feature())).message).toMatch(
      /CacheService/,
    );
  });

  it('gives every importer of the class the same services', async () => {
    const module = await start(CodexRedisModule.forRoot({ url: 'memory:' }), feature(CodexRedisModule));
    expect(module.get(Reports).cache).toBe(module.get(CacheService));
  });

  it('is everywhere with isGlobal', async () => {
    const module = await start(CodexRedisModule.forRoot({ url: 'memory:', isGlobal: true }), feature());
    expect(module.get(Reports).cache).toBe(module.get(CacheService));
  });

  it('says what is missing without forRoot', async () => {
    expect((await failure(CodexRedisModule)).message).toMatch(/import CodexRedisModule\.forRoot\(\)/);
  });
});

describe('CodexRedisModule.forRootAsync', () => {
  @Injectable()
  class Options implements CodexRedisOptionsFactory {
    createCodexRedisOptions(): CodexRedisOptions {
      return redisOptions();
    }
  }

  @Module({
    providers: [Options, { provide: 'prefix', useFactory: () => randomUUID() }],
    exports: [Options, 'prefix'],
  })
  class OptionsModule {}

  it('takes useFactory with inject and imports', async () => {
    await proveCache(
      await start(
        CodexRedisModule.forRootAsync({
          imports: [OptionsModule],
          inject: ['prefix'],
          useFactory: (keyPrefix: string) => Promise.resolve({ ...redisOptions(), cache: { keyPrefix } }),
        }),
      ),
    );
  });

  it('takes useClass', async () => {
    await proveCache(await start(CodexRedisModule.forRootAsync({ useClass: Options })));
  });

  it('takes useExisting', async () => {
    await proveCache(
      await start(CodexRedisModule.forRootAsync({ imports: [OptionsModule], useExisting: Options })),
    );
  });

  it('takes isGlobal beside the factory, and refuses it in the result', async () => {
    const module = await start(CodexRedisModule.forRootAsync({ isGlobal: true, useFactory: redisOptions }));
    await proveCache(module);
    const typed = CodexRedisModule.forRootAsync({
      // @ts-expect-error isGlobal is no part of a factory's result
      useFactory: () => ({ url: 'memory:', isGlobal: true }),
    });
    expect((await failure(typed)).message).toMatch(/isGlobal belongs beside the factory/);
  });

  it('refuses a typo at compile time and at start', async () => {
    // @ts-expect-error keyprefix is no option
    const error = await failure(CodexRedisModule.forRoot({ url: 'memory:', cache: { keyprefix: 'a' } }));
    expect(error.message).toMatch(/cache\.keyprefix is not a known option/);
    // @ts-expect-error useFactroy is no option
    expect(() => CodexRedisModule.forRootAsync({ useFactroy: redisOptions })).toThrow(
      ImproperlyConfiguredError,
    );
  });

  it.each([
    ['forRoot', null],
    ['forRootAsync', undefined],
    ['registerCache', undefined],
    ['registerCacheAsync', null],
  ] as const)('%s says what it takes when it is given %s', (method, given) => {
    const call = CodexRedisModule[method].bind(CodexRedisModule) as (given: unknown) => unknown;
    expect(() => call(given)).toThrow(`The options of CodexRedisModule.${method}() must be an object, got`);
  });

  it('refuses options of the module beside the factory', () => {
    const misplaced = { useFactory: redisOptions, cache: { keyPrefix: 'a' }, isGlobl: true };
    expect(() => CodexRedisModule.forRootAsync(misplaced as never)).toThrow(
      /does not take cache, isGlobl; return module options from the factory instead/,
    );
  });

  it('leaves it to Nest to tell of options that wait for what is made of them', async () => {
    const itself = CodexRedisModule.registerCacheAsync({
      name: 'itself',
      inject: [getCacheToken('itself')],
      useFactory: () => ({ keyPrefix: 'a' }),
    });
    const error = await failure(CodexRedisModule.forRoot({ url: 'memory:' }), itself);
    expect(error.message).toMatch(/circular dependency/i);
  });

  it('refuses options without a source, or with two', () => {
    expect(() => CodexRedisModule.forRootAsync({})).toThrow(/exactly one of useFactory.*got none/);
    expect(() => CodexRedisModule.forRootAsync({ useClass: Options, useFactory: redisOptions })).toThrow(
      /got useFactory and useClass/,
    );
  });

  it('asks about a factory that returns undefined', async () => {
    const error = await failure(CodexRedisModule.forRootAsync({ useFactory: () => undefined as never }));
    expect(error.message).toMatch(/must be an object, got undefined.*does the factory return them/);
  });
});

describe('codexRedisConfig', () => {
  const VARIABLES = {
    REDIS_URL: process.env['TEST_REDIS_URL'],
    CACHE_KEY_PREFIX: randomUUID(),
    CACHE_TIMEOUT: '60',
  };
  const before = { ...process.env };

  afterEach(() => {
    process.env = { ...before };
  });

  it('gives the settings of the environment to forRootAsync', async () => {
    Object.assign(process.env, VARIABLES);
    const module = await start(
      ConfigModule.forRoot({ ignoreEnvFile: true }),
      CodexRedisModule.forRootAsync(codexRedisConfig.asProvider()),
    );
    const cache = module.get(CacheService);
    await cache.set('k', 1);
    expect(await cache.ttl('k')).toBeGreaterThan(50);
    expect(await cache.ttl('k')).toBeLessThanOrEqual(60);
    await cache.clear();
    await proveCache(module);
  });

  it('SX6 shows no secret where the ConfigService is logged, and can be read and spread', async () => {
    const secretKey = 'SECRET key of the sessions, 32 bytes or more';
    Object.assign(process.env, VARIABLES, { PROJECT_NAME: 'shop', SECRET_KEY: secretKey });
    const module = await start(
      ConfigModule.forRoot({ ignoreEnvFile: true, load: [codexRedisConfig] }),
      CodexRedisModule.forRootAsync(codexRedisConfig.asProvider()),
    );
    process.env = { ...before };
    const config = module.get(ConfigService);
    for (const holder of [config, module.get<object>(codexRedisConfig.KEY)])
      for (const text of [inspect(holder, { depth: 9, showHidden: true }), JSON.stringify(holder)])
        expect(text).not.toContain('SECRET key');
    const options = config.get<CodexRedisOptions>('codexRedis');
    expect({ ...options }).toMatchObject({ projectName: 'shop', secretKey });
  });

  it('names the variable of a wrong value', async () => {
    Object.assign(process.env, VARIABLES, { CACHE_TIMEOUT: 'soon' });
    const error = await failure(CodexRedisModule.forRootAsync(codexRedisConfig.asProvider()));
    expect(error.message).toMatch(/cache\.timeout \(environment variable CACHE_TIMEOUT\)/);
  });
});
