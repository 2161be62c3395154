import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CacheService,
  CodexRedisModule,
  defineCache,
  getCacheToken,
  getTypedCacheToken,
  ImproperlyConfiguredError,
  InjectTypedCache,
  type StandardSchema,
  type TypedCacheOf,
} from 'nestjs-codex-redis';
import { CacheCoder } from 'nestjs-codex-redis/cache-coder';

type Metadata = Parameters<typeof Test.createTestingModule>[0];
const opened: TestingModule[] = [];
const start = async (metadata: Metadata): Promise<TestingModule> => {
  const module = await (await Test.createTestingModule(metadata).compile()).init();
  opened.push(module);
  return module;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((module) => module.close()));
});

const root = () => CodexRedisModule.forRoot({ url: 'memory:', cache: { keyPrefix: 'shop' } });
const shape = CacheCoder.shape({ at: 'datetime' });
const visitCache = defineCache({ name: 'visit', key: (id: number) => id, shape });
const orderCache = defineCache({ name: 'order', key: (id: number) => id, shape, cache: 'orders' });

@Injectable()
class Service {
  constructor(
    @InjectTypedCache(visitCache) readonly visits: TypedCacheOf<typeof visitCache>,
    @InjectTypedCache(orderCache) readonly orders: TypedCacheOf<typeof orderCache>,
  ) {}
}

const schemaOf = (validate: StandardSchema<unknown, unknown>['~standard']['validate']) => ({
  '~standard': { version: 1 as const, vendor: 'test', validate },
});

describe('forFeature()', () => {
  it.each([
    [undefined, /expected what defineCache\(\) made, got undefined. Files that import each other/],
    [{ name: 'visit' }, /expected what defineCache\(\) made, got an object/],
  ])('DE5 refuses %p, and so does @InjectTypedCache()', (definition, message) => {
    for (const refuse of [
      () => CodexRedisModule.forFeature([definition as never]),
      () => InjectTypedCache(definition as never),
    ]) {
      expect(refuse).toThrow(ImproperlyConfiguredError);
      expect(refuse).toThrow(message);
    }
  });

  it.each<[object | undefined, RegExp]>([
    [undefined, /defineCache takes an object, got undefined/],
    [{ shape, ttl: 5 }, /"ttl" \(did you mean `timeout`\?\)/],
    [{ shape, timeout: 'soon' }, /timeout/],
    [{ shape, tags: 'visits' }, /tags: expected an array/],
    [{ schema: null }, /the schema is not a Standard Schema/],
    [{ shape: null }, /make the shape with CacheCoder.shape/],
  ])('DE5 refuses to define a cache by %p', (options, message) => {
    const key = (id: number) => id;
    expect(() => defineCache((options && { name: 'visit', key, ...options }) as never)).toThrow(message);
  });

  it('DE5 gives on a hit no field that the shape does not name, as on a miss', async () => {
    const nested = defineCache({
      name: 'nested',
      key: (id: number) => id,
      shape: CacheCoder.shape({
        id: 'number',
        parts: ['list', { at: 'datetime' }],
        by: ['map', 'string', ['nullable', { n: 'number' }]],
        of: ['record', { n: 'number' }],
        more: ['optional', { n: 'number' }],
        any: 'json',
      }),
    });
    const module = await start({ imports: [root(), CodexRedisModule.forFeature([nested])] });
    const cache = module.get(CacheService, { strict: false });
    const at = '1970-01-01T00:00:00+00:00';
    const secret = 'of an earlier shape';
    const stored = (more: object) => ({
      id: 1,
      parts: [{ at, ...more }],
      by: [
        ['a', { n: 1, ...more }],
        ['b', null],
      ],
      of: { a: { n: 1, ...more } },
      more: { n: 1, ...more },
      any: { secret: 'its own' },
      ...more,
    });
    const typed = module.get<TypedCacheOf<typeof nested>>(getTypedCacheToken(nested), { strict: false });
    await cache.setMany({ 'nested:1': stored({}), 'nested:2': stored({ secret }) });
    const [clean, other] = [await typed.get(1), await typed.get(2)];
    expect(clean).toMatchObject({ parts: [{ at: new Date(0) }], any: { secret: 'its own' } });
    expect(other).toEqual(clean);
  });

  it('DE5 injects typed caches where it is imported, each on the cache it names', async () => {
    @Module({
      imports: [CodexRedisModule.forFeature([visitCache, orderCache])],
      providers: [Service],
      exports: [Service],
    })
    class Feature {}
    const named = CodexRedisModule.registerCache({ name: 'orders', keyPrefix: 'orders' });
    const module = await start({ imports: [Feature, root(), named] });
    const service = module.get(Service);
    const at = new Date(0);
    await service.visits.set(1, { at });
    await service.orders.set(1, { at });
    expect([await service.visits.get(1), await service.orders.get(1)]).toEqual([{ at }, { at }]);
    expect(await module.get(CacheService, { strict: false }).has('visit:1')).toBe(true);
    const cache = module.get<CacheService>(getCacheToken('orders'), { strict: false });
    expect(await cache.has('order:1')).toBe(true);
  });

  it('DE5 works on a cache that a test puts in place', async () => {
    const fake = { get: () => Promise.resolve({ at: '2023-11-14T22:13:20+00:00' }) };
    const module = await Test.createTestingModule({
      imports: [root(), CodexRedisModule.forFeature([visitCache])],
    })
      .overrideProvider(CacheService)
      .useValue(fake)
      .compile();
    opened.push(module);
    const typed = module.get<TypedCacheOf<typeof visitCache>>(getTypedCacheToken(visitCache), {
      strict: false,
    });
    expect(await typed.get(1)).toEqual({ at: new Date('2023-11-14T22:13:20Z') });
  });

  it('DE5 a cache or a typed cache that is missing is an error at start that names it', async () => {
    const feature = CodexRedisModule.forFeature([visitCache, orderCache]);
    await expect(start({ imports: [root(), feature] })).rejects.toThrow(/cache "orders"/);
    await expect(start({ imports: [root()], providers: [Service] })).rejects.toThrow(
      /typed cache "visit" \(see .*forFeature/,
    );
  });

  it('DE5 two definitions of one name in one cache are refused at start', async () => {
    const again = defineCache({ name: 'visit', key: (id: number) => id, shape });
    const features = [CodexRedisModule.forFeature([visitCache]), CodexRedisModule.forFeature([again])];
    await expect(start({ imports: [root(), ...features] })).rejects.toThrow(/name "visit" in one cache/);
    const twice = [
      CodexRedisModule.forFeature([visitCache]),
      CodexRedisModule.forFeature([visitCache, { ...visitCache, name: 'v' }]),
    ];
    await expect(start({ imports: [root(), ...twice] })).resolves.toBeDefined();
  });

  it.each<[string, object]>([
    ['that answers a promise', schemaOf(() => Promise.resolve({ value: 1 }))],
    ['that says so of itself', { ...schemaOf(() => ({ issues: [] })), async: true }],
    [
      'with an asynchronous refinement inside',
      {
        ...schemaOf(() => ({ issues: [] })),
        _zod: {
          def: {
            shape: {
              a: { _zod: { def: { checks: [{ _zod: { def: { fn: async () => Promise.resolve(1) } } }] } } },
            },
          },
        },
      },
    ],
  ])('DE5 refuses a schema %s at start', async (_, schema) => {
    const definition = defineCache({
      name: 'x',
      key: (id: number) => id,
      schema: schema as StandardSchema<unknown, unknown>,
    });
    const imports = [root(), CodexRedisModule.forFeature([definition])];
    await expect(start({ imports })).rejects.toThrow(/defineCache\(x\): the schema is asynchronous/);
  });

  it('DE5 what makes no sense is refused at once', () => {
    const key = (id: number) => id;
    expect(() => defineCache({ name: 'a:b', key, shape })).toThrow(/name must be of letters/);
    expect(() => defineCache({ name: 'a', key: undefined as never, shape })).toThrow(
      /key must be a function/,
    );
    expect(() => defineCache({ name: 'a', key } as never)).toThrow(/a shape or a schema/);
    expect(() => defineCache({ name: 'a', key, shape: { at: 'datetime' } as never })).toThrow(
      /CacheCoder\.shape/,
    );
    expect(() => defineCache({ name: 'a', key, schema: {} as never })).toThrow(/not a Standard Schema/);
    expect(() => CodexRedisModule.forFeature(visitCache as never)).toThrow(/takes a list/);
  });
});
