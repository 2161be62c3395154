import { Inject, Injectable, Module, type ModuleMetadata, Optional } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { CacheCoder } from '../../../lib/cache-coder/index.js';
import {
  CacheService,
  CodexRedisModule,
  defineCache,
  getCacheToken,
  getTypedCacheToken,
  InjectCache,
  TypedCache,
} from '../../../lib/index.js';

type Metadata = Parameters<typeof Test.createTestingModule>[0];

const opened: TestingModule[] = [];

const start = async (metadata: Metadata): Promise<TestingModule> => {
  const module = await (await Test.createTestingModule(metadata).compile()).init();
  opened.push(module);
  return module;
};

const failure = (metadata: Metadata): Promise<string> =>
  start(metadata).then(
    () => 'started',
    (error: unknown) => (error as Error).message,
  );

afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

const root = () => CodexRedisModule.forRoot({ url: process.env['TEST_REDIS_URL'] });

@Injectable()
class Reports {
  constructor(@InjectCache('reports') readonly cache: CacheService) {}
}

describe('named caches', () => {
  it('C88 live beside the default one, under their own prefix', async () => {
    const keyPrefix = randomUUID();
    const module = await start({
      imports: [root(), CodexRedisModule.registerCache({ name: 'reports', keyPrefix, timeout: 60 })],
      providers: [Reports],
    });
    const { cache } = module.get(Reports);
    await cache.set('k', 1);
    expect(await cache.ttl('k')).toBeGreaterThan(50);
    expect(await module.get(CacheService).has('k')).toBe(false);
    expect(await cache.clear()).toBe(1);
  });

  it('C88 are one instance for a name, wherever their module is imported', async () => {
    const reports = CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'r' });
    @Module({ imports: [reports], providers: [Reports], exports: [Reports] })
    class Feature {}
    const module = await start({
      imports: [root(), reports, Feature],
      providers: [
        { provide: 'here', useFactory: (cache: CacheService) => cache, inject: [getCacheToken('reports')] },
      ],
    });
    expect(module.get('here')).toBe(module.get(Reports).cache);
  });

  it('take their options from a factory', async () => {
    @Module({ providers: [{ provide: 'prefix', useValue: randomUUID() }], exports: ['prefix'] })
    class PrefixModule {}
    const module = await start({
      imports: [
        root(),
        CodexRedisModule.registerCacheAsync({
          name: 'reports',
          imports: [PrefixModule],
          inject: ['prefix'],
          useFactory: (keyPrefix: string) => Promise.resolve({ keyPrefix, url: 'memory:' }),
        }),
      ],
      providers: [Reports],
    });
    const { cache } = module.get(Reports);
    await cache.set('k', 1);
    expect(await cache.clear()).toBe(1);
  });

  it('C88 an unknown name fails at start, naming the known ones', async () => {
    @Injectable()
    class Typo {
      constructor(@InjectCache('report') readonly cache: CacheService) {}
    }
    @Injectable()
    class TypoInProperty {
      @InjectCache('report') readonly cache!: CacheService;
    }
    const reports = CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'r' });
    const providers = [
      Typo,
      TypoInProperty,
      { provide: 'x', useFactory: () => 1, inject: [getCacheToken('report')] },
    ];
    for (const provider of providers)
      expect(await failure({ imports: [root(), reports], providers: [provider] })).toMatch(
        /cache "report" \(registered are .*"reports".*; see CodexRedisModule\.registerCache\(\)\)/,
      );
  });

  it('may be asked for optionally', async () => {
    @Injectable()
    class Maybe {
      constructor(@Optional() @InjectCache('nowhere') readonly cache?: CacheService) {}
    }
    const module = await start({ imports: [root()], providers: [Maybe] });
    expect(module.get(Maybe).cache).toBeUndefined();
  });

  it('C88 two caches of one name are an error at start', async () => {
    const message = await failure({
      imports: [
        root(),
        CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'a' }),
        CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'b' }),
      ],
    });
    expect(message).toMatch(/"reports" is registered twice/);
  });

  it('need forRoot, and say so', async () => {
    const message = await failure({
      imports: [CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'a' })],
    });
    expect(message).toMatch(/"reports" needs CodexRedisModule\.forRoot\(\)/);
  });

  it('ask about a factory that returns undefined', async () => {
    const reports = CodexRedisModule.registerCacheAsync({
      name: 'reports',
      useFactory: () => undefined as never,
    });
    expect(await failure({ imports: [root(), reports] })).toMatch(
      /"reports" must be an object, got undefined/,
    );
  });

  it('name their wrong options at start', async () => {
    const message = await failure({
      imports: [
        root(),
        CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'a:1', timeout: 'soon' }),
      ],
    });
    expect(message).toMatch(/2 settings[\s\S]*keyPrefix must be[\s\S]*timeout must be/);
  });

  it('say where options belong that are not theirs', async () => {
    const reports = CodexRedisModule.registerCache({
      name: 'reports',
      clientOptions: { username: 'ada' },
      operationTimeoutMs: 100,
      isGlobal: true,
      ttl: 3,
    } as never);
    const message = await failure({ imports: [root(), reports] });
    expect(message).toMatch(/the cache "reports": operationTimeoutMs is an option of forRoot\(\)/);
    expect(message).toMatch(/the cache "reports": isGlobal is an option of forRoot\(\)/);
    expect(message).toMatch(/the cache "reports": ttl is not a known option \(did you mean `timeout`\?\)/);
    expect(message).toMatch(/the cache "reports": clientOptions needs url beside it/);
  });

  it('C55 C58 are named where an option of theirs is missing', async () => {
    const caches = [
      CodexRedisModule.registerCache({ name: 'reports', version: 2 }),
      CodexRedisModule.registerCache({ name: 'feeds', keyPrefix: 'feeds', keyFunction: (key) => key }),
      CodexRedisModule.registerCache({ name: 'odd', keyPrefix: 'odd', serializer: 'nowhere' }),
    ];
    const module = await start({ imports: [root(), ...caches.slice(0, 2)] });
    const [reports, feeds] = ['reports', 'feeds'].map((name) =>
      module.get<CacheService>(getCacheToken(name)),
    );
    await expect(reports!.clear()).rejects.toThrow(
      /^the cache "reports": keyPrefix: clear\(\) needs one.*set it$/,
    );
    await expect(feeds!.clear()).rejects.toThrow(/^the cache "feeds": keyPattern: clear\(\) needs it/);
    expect(await failure({ imports: [root(), caches[2]!] })).toMatch(
      /^the cache "odd": serializer names no serializer/,
    );
  });
});

describe('the keys of two caches', () => {
  const url = 'redis://localhost:1/3';
  const own = { keyPrefix: 'shop', url: 'memory:' };
  const withDefault = (named: object, cache: object = {}) =>
    refusalOf(
      CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'shop', ...cache } }),
      CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'shop', ...named }),
    );
  const ofTwo = (one: object, other: object) =>
    refusalOf(
      CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'other' } }),
      CodexRedisModule.registerCache({ name: 'one', ...own, ...one }),
      CodexRedisModule.registerCache({ name: 'other', ...own, ...other }),
    );

  /** What refuses the keys; other failures, as of a Redis that is not there, come later. */
  const refusalOf = async (
    ...imports: NonNullable<ModuleMetadata['imports']>
  ): Promise<string | undefined> => {
    const builder = Test.createTestingModule({ imports });
    try {
      opened.push(await builder.compile());
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('CN17 are refused at start where they are the same', async () => {
    expect(await withDefault({})).toBe(
      'the cache "reports" and the default cache would share their entries: both have the keyPrefix "shop" and the version 1 ' +
        'on one Redis. Give one of them another keyPrefix, or set sharedKeys: true for both',
    );
    expect(await ofTwo({}, {})).toMatch(/^the cache "one" and the cache "other" would share their entries/);
    expect(await ofTwo({ keyPrefix: '' }, { keyPrefix: '' })).toMatch(/both have the keyPrefix ""/);
  });

  it.each([
    ['one of them', { sharedKeys: true }, {}],
    ['the other', {}, { sharedKeys: true }],
  ])('CN17 are refused where only %s says that they are shared', async (_, one, other) => {
    expect(await ofTwo(one, other)).toMatch(/would share their entries/);
    expect(await withDefault(one, other)).toMatch(/would share their entries/);
  });

  it('CN17 are shared where both say so', async () => {
    expect(await ofTwo({ sharedKeys: true }, { sharedKeys: true })).toBeUndefined();
    expect(await withDefault({ sharedKeys: true }, { sharedKeys: true })).toBeUndefined();
    const [one, other] = ['one', 'other'].map((name) => opened[0]!.get<CacheService>(getCacheToken(name)));
    await one!.set('k', 1);
    expect(await other!.get('k')).toBe(1);
  });

  it.each([
    ['version', {}, { version: 2 }],
    ['prefix', {}, { keyPrefix: 'shop2' }],
    ['database', { url }, { url: 'redis://localhost:1/4' }],
    ['Redis', { url }, { url: 'redis://localhost:2/3' }],
  ])('CN17 are two where the %s differs', async (_, one, other) => {
    expect(await ofTwo(one, other)).toBeUndefined();
  });

  it.each([
    [url, 'redis://ada:secret@LOCALHOST:1/3'],
    ['redis://localhost', 'rediss://localhost:6379/0'],
    ['unix:///tmp/redis.sock', 'unix:///tmp/redis.sock?db=0'],
  ])('CN17 are the same on one Redis, however its url is written: %s, %s', async (one, other) => {
    const refusal = await ofTwo({ url: one }, { url: other });
    expect(refusal).toMatch(/would share their entries/);
    expect(refusal).not.toContain('secret');
  });
});

describe('CN17 caches of two options objects', () => {
  const refusalOf = async (one: object, other: object): Promise<string | undefined> => {
    const caches = [one, other].map((source, n) =>
      CodexRedisModule.registerCache({ name: `cache${n}`, keyPrefix: 'shop', ...source }),
    );
    const imports = [CodexRedisModule.forRoot({ url: 'memory:' }), ...caches];
    return Test.createTestingModule({ imports })
      .compile()
      .then(
        (module) => module.close().then(() => undefined),
        (error: unknown) => (error as Error).message,
      );
  };
  const sentinel = (name: string, port: number, database = 0): object => ({
    sentinel: { name, sentinelRootNodes: [{ host: 'a', port }], nodeClientOptions: { database } },
  });
  const cluster = (...rootNodes: object[]): object => ({ cluster: { rootNodes } });

  it.each([
    [cluster({ url: 'redis://a:1' }, { url: 'redis://b:1' }), cluster({ url: 'redis://u:p@B:1' })],
    [cluster({ url: 'redis://a' }), cluster({ socket: { host: 'a' } })],
    [sentinel('m', 1), sentinel('m', 1)],
  ])('are refused on one Redis: %j, %j', async (one, other) => {
    expect(await refusalOf(one, other)).toMatch(/would share their entries/);
  });

  it.each([
    [cluster({ url: 'redis://a:1' }), cluster({ url: 'redis://a:2' })],
    [sentinel('m', 1), sentinel('n', 1)],
    [sentinel('m', 1), sentinel('m', 1, 2)],
    [sentinel('m', 1), sentinel('m', 2)],
  ])('are two on two: %j, %j', async (one, other) => {
    expect(await refusalOf(one, other)).toBeUndefined();
  });
});

describe.each(['reference', 'deep-hash'] as const)('modules whose ids Nest makes by %s', (algorithm) => {
  const failureWith = async (...imports: NonNullable<ModuleMetadata['imports']>): Promise<string> =>
    Test.createTestingModule({ imports }, { moduleIdGeneratorAlgorithm: algorithm })
      .compile()
      .then(
        () => 'none',
        (error: unknown) => (error as Error).message,
      );
  const factory = () => ({ url: 'memory:' });
  const second = /^CodexRedisModule\.forRoot\(\) or forRootAsync\(\) is imported more than once/;

  it('are refused where there are two of forRoot() or forRootAsync()', async () => {
    const options = { url: 'memory:' };
    expect(await failureWith(CodexRedisModule.forRoot(options), CodexRedisModule.forRoot(options))).toMatch(
      second,
    );
    expect(
      await failureWith(
        CodexRedisModule.forRootAsync({ useFactory: factory }),
        CodexRedisModule.forRootAsync({ useFactory: factory }),
      ),
    ).toMatch(second);
  });

  it('are refused where two caches have one name, and stand where one is imported twice', async () => {
    const reports = () => CodexRedisModule.registerCache({ name: 'reports', keyPrefix: 'r' });
    expect(await failureWith(root(), reports(), reports())).toMatch(
      /^The cache "reports" is registered twice/,
    );
    const one = reports();
    expect(await failureWith(root(), one, { module: class Other {}, imports: [one] })).toBe('none');
  });

  it('are as many as there are of forFeature()', async () => {
    const definition = (name: string) =>
      defineCache({ name, key: (id: number) => id, shape: CacheCoder.shape({ title: 'string' }) });
    const [books, films] = [definition('book'), definition('film')];
    const module = await Test.createTestingModule(
      { imports: [root(), CodexRedisModule.forFeature([books]), CodexRedisModule.forFeature([films])] },
      { moduleIdGeneratorAlgorithm: algorithm },
    ).compile();
    for (const each of [books, films])
      expect(module.get(getTypedCacheToken(each), { strict: false })).toBeInstanceOf(TypedCache);
  });
});

describe('cache.serializer', () => {
  @Injectable()
  class Shouting {
    constructor(@Optional() @Inject('mark') private readonly mark = '!') {}

    dumps(value: unknown): string {
      return JSON.stringify(value) + this.mark;
    }

    loads(text: string): unknown {
      return JSON.parse(text.slice(0, -1));
    }
  }

  const roundTrip = async (module: TestingModule): Promise<void> => {
    const cache = module.get(CacheService);
    await cache.set('k', { a: 1 });
    expect(await cache.get('k')).toEqual({ a: 1 });
    await cache.delete('k');
  };

  const withSerializer = (serializer: never) =>
    CodexRedisModule.forRoot({ url: 'memory:', cache: { serializer } });

  it('C70 is an instance, a class or a provider token', async () => {
    @Module({ providers: [{ provide: 'shouting', useClass: Shouting }] })
    class Elsewhere {}
    await roundTrip(await start({ imports: [withSerializer(new Shouting() as never)] }));
    await roundTrip(await start({ imports: [withSerializer(Shouting as never)] }));
    await roundTrip(await start({ imports: [withSerializer('shouting' as never), Elsewhere] }));
  });

  it('C70 is found for a module that is loaded later, too', async () => {
    const module = await start({ imports: [CodexRedisModule.forRoot({ url: 'memory:' })] });
    const later = CodexRedisModule.registerCache({
      name: 'later',
      keyPrefix: 'l',
      serializer: Shouting,
    });
    const loaded = await module.get(LazyModuleLoader).load(() => later);
    const cache = loaded.get<CacheService>(getCacheToken('later'));
    await cache.set('k', { a: 1 });
    expect(await cache.get('k')).toEqual({ a: 1 });
  });

  it('C70 a bad one fails at start', async () => {
    expect(await failure({ imports: [withSerializer('nowhere' as never)] })).toMatch(/names no serializer/);
    expect(await failure({ imports: [withSerializer(Date as never)] })).toMatch(/names no serializer/);
    expect(await failure({ imports: [withSerializer({ dumps: 1 } as never)] })).toMatch(
      /cache\.serializer must be/,
    );
  });
});
