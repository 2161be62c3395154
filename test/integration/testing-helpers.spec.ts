import {
  Controller,
  forwardRef,
  Get,
  Inject,
  type INestApplication,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  CacheService,
  CodexRedisModule,
  RedisConnectionError,
  RedisTimeoutError,
  Session,
  SessionService,
} from '../../lib/index.js';
import { createSessionCookie, embedCodexRedis, type EmbeddedCodexRedis } from '../../lib/testing/index.js';

@Controller()
class AccountController {
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Get('me')
  me(@Session() session: Session<{ userId: number }>): { userId: number | null } {
    return { userId: session.userId ?? null };
  }

  @Get('cached')
  async cached(): Promise<unknown> {
    return { value: (await this.cache.get('k')) ?? null };
  }
}

describe('embedCodexRedis', () => {
  let app: INestApplication;
  let embedded: EmbeddedCodexRedis;
  let url: string;

  beforeEach(async () => {
    const builder = Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'redis://nowhere.invalid:1',
          projectName: 'shop',
          secretKey: 'k'.repeat(32),
          cache: { keyPrefix: 'shop', timeout: 60 },
          session: { age: 120 },
        }),
      ],
      controllers: [AccountController],
    });
    embedded = embedCodexRedis(builder);
    app = (await builder.compile()).createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterEach(() => app.close());

  const me = async (cookie: string): Promise<unknown> =>
    (await fetch(`${url}/me`, { headers: { cookie } })).json();

  it('puts the whole module on stores of its own, whatever its url', async () => {
    const cache = app.get(CacheService);
    await cache.set('k', 1);
    expect(await cache.get('k')).toBe(1);
    expect(await (await fetch(`${url}/cached`)).json()).toEqual({ value: 1 });
  });

  it('moves the time of the caches and sessions', async () => {
    const cache = app.get(CacheService);
    const { header } = await createSessionCookie(app, { userId: 7 });
    await cache.set('k', 1);
    embedded.clock.advance(59_000);
    expect(await cache.has('k')).toBe(true);
    embedded.clock.advance(2_000);
    expect(await cache.has('k')).toBe(false);
    expect(await me(header)).toEqual({ userId: 7 });
    embedded.clock.advance(60_000);
    expect(await me(header)).toEqual({ userId: null });
  });

  it('US8 moves the idle and the absolute timeout', async () => {
    const builder = Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'memory:',
          projectName: 'shop',
          secretKey: 'k'.repeat(32),
          session: { idleTimeout: '10m', absoluteTimeout: '30m' },
        }),
      ],
    });
    const { clock } = embedCodexRedis(builder);
    const moved = await builder.compile();
    const sessions = moved.get(SessionService);
    const { key } = await createSessionCookie(moved, { userId: 7 });
    const idle = await createSessionCookie(moved, { userId: 7 });
    for (let used = 0; used < 3; used++) {
      clock.advance(9 * 60_000);
      const session = await sessions.load(key);
      expect(session.get('_auth_user_id')).toBe('7');
      await sessions.commit(session);
    }
    expect(await sessions.exists(idle.key)).toBe(false);
    clock.advance(3 * 60_000);
    expect(await sessions.exists(key)).toBe(false);
    await moved.close();
  });

  it('makes the next operations fail, those of some verbs only, and works again', async () => {
    const cache = app.get(CacheService);
    embedded.faults.failNext({ times: 2 });
    await expect(cache.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
    await expect(cache.set('k', 1)).rejects.toBeInstanceOf(RedisConnectionError);
    expect(await cache.get('k')).toBeUndefined();

    embedded.faults.failNext({ verbs: ['set'] }, new RedisTimeoutError(1000));
    expect(await cache.get('k')).toBeUndefined();
    await expect(cache.set('k', 1)).rejects.toBeInstanceOf(RedisTimeoutError);

    embedded.faults.failNext({ times: Infinity });
    expect((await fetch(`${url}/cached`)).status).toBe(503);
    embedded.faults.clear();
    expect((await fetch(`${url}/cached`)).status).toBe(200);
  });

  it('makes the next operations wait, and carries them out', async () => {
    const cache = app.get(CacheService);
    embedded.faults.delayNext(20, { verbs: ['set'] });
    const slow = cache.set('k', 'late');
    await cache.add('k', 'early');
    await slow;
    expect(await cache.get('k')).toBe('late');
  });
});

describe('embedCodexRedis, where it would do nothing', () => {
  const root = () => CodexRedisModule.forRoot({ url: 'redis://nowhere.invalid:1' });

  @Module({ imports: [CodexRedisModule] })
  class DeepModule {}

  @Module({ imports: [forwardRef(() => DeepModule)] })
  class MiddleModule {}

  @Module({})
  class OtherModule {}

  const builderOf = (...imports: NonNullable<ModuleMetadata['imports']>) =>
    Test.createTestingModule({ imports });

  it('CN18 is refused after compile()', async () => {
    const builder = builderOf(root());
    embedCodexRedis(builder);
    const module = await builder.compile();
    expect(() => embedCodexRedis(builder)).toThrow(/too late: call it before builder\.compile\(\)/);
    await module.close();
  });

  it.each([
    ['none', []],
    ['others', [OtherModule, { module: OtherModule, imports: [OtherModule] }]],
  ])('CN18 is refused where the modules under test import %s', (_, imports) => {
    expect(() => embedCodexRedis(builderOf(...imports))).toThrow(/none of the modules under test imports/);
  });

  it.each<[how: string, ...ReturnType<typeof builderOf>[]]>([
    ['directly', builderOf(root())],
    ['at some depth', builderOf({ module: OtherModule, imports: [MiddleModule] })],
    ['in a while', builderOf(Promise.resolve({ module: OtherModule, imports: [root()] }))],
    ['instead of another', builderOf(OtherModule).overrideModule(OtherModule).useModule(MiddleModule)],
  ])('CN18 is taken where they import it %s', (_, builder) => {
    expect(embedCodexRedis(builder).clock).toBeDefined();
  });

  it('CN18 is refused where the module is replaced', () => {
    const builder = builderOf(MiddleModule).overrideModule(MiddleModule).useModule(OtherModule);
    expect(() => embedCodexRedis(builder)).toThrow(/none of the modules under test imports/);
  });
});

describe('createSessionCookie', () => {
  it('logs a request in without the login', async () => {
    const module = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'memory:',
          projectName: 'shop',
          secretKey: 'k'.repeat(32),
          session: {},
        }),
      ],
      controllers: [AccountController],
    }).compile();
    const app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    const { key, header } = await createSessionCookie(app, { userId: 7 });
    expect(header).toBe(`sessionid_shop=${key}`);
    expect(await app.get(SessionService).exists(key)).toBe(true);
    const response = await fetch(`${await app.getUrl()}/me`, { headers: { cookie: header } });
    expect(await response.json()).toEqual({ userId: 7 });
    expect((await app.get(SessionService).load(key)).get('_auth_user_id')).toBe('7');
    await app.close();
  });

  it('says that sessions are off', async () => {
    const module = await Test.createTestingModule({
      imports: [CodexRedisModule.forRoot({ url: 'memory:' })],
    }).compile();
    await expect(createSessionCookie(module)).rejects.toThrow(/has no sessions.*session: \{\}/);
    await module.close();
  });
});
