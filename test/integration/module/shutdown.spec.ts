import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Global, Inject, Injectable, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createClient } from 'redis';
import {
  CacheService,
  CodexRedisModule,
  type CodexRedisOptions,
  RedisConnectionError,
  SessionService,
} from '../../../lib/index.js';
import { sharedCluster, sharedSentinel } from '../../support/shared-topologies.js';

const HOOKS = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'] as const;

type Hook = (typeof HOOKS)[number];

type Outcomes = Record<string, unknown>;

/** A module whose provider writes for a while in each of the hooks, and notes how that ended. */
const flushing = (place: string, outcomes: Outcomes, pauseMs: number): Type => {
  @Injectable()
  class Flusher {
    constructor(
      @Inject(CacheService) private readonly cache: CacheService,
      @Inject(SessionService) private readonly sessions: SessionService,
    ) {}

    async flush(hook: Hook): Promise<void> {
      const key = `${place} ${hook}`;
      const write = async (): Promise<unknown> => {
        await this.cache.set(key, 0);
        await pause(pauseMs);
        await this.sessions.load('x'.repeat(32));
        const sum = await this.cache.incr(key);
        await this.cache.delete(key);
        return sum;
      };
      outcomes[key] = await write().catch((error: unknown) => error);
    }
  }
  for (const hook of HOOKS) {
    const value = function (this: Flusher): Promise<void> {
      return this.flush(hook);
    };
    Object.defineProperty(Flusher.prototype, hook, { value });
  }
  @Module({ providers: [Flusher] })
  class Flushing {}
  return Flushing;
};

const globally = (module: Type): Type => {
  Global()(module);
  return module;
};

describe('the end of an application', () => {
  const client = createClient({ url: process.env['TEST_REDIS_URL']! });

  beforeAll(() => client.connect());

  afterAll(() => client.destroy());

  const optionsOn = (source: Partial<CodexRedisOptions>): CodexRedisOptions => ({
    ...source,
    projectName: `test-${randomUUID()}`,
    secretKey: 'a secret key of more than thirty-two bytes',
    cache: { keyPrefix: `test-${randomUUID()}`, timeout: 60 },
    session: {},
  });

  const sources: readonly (readonly [name: string, source: () => Partial<CodexRedisOptions>])[] = [
    ['the embedded store', () => ({ url: 'memory:' })],
    ['one Redis', () => ({ url: process.env['TEST_REDIS_URL'] })],
    ['a Redis Cluster', () => ({ cluster: sharedCluster() })],
    ['Sentinels', () => ({ sentinel: sharedSentinel() })],
    ['a client handed in', () => ({ client })],
  ];

  it.each(sources)(
    'CN10 serves the hooks of all other modules to their end, and closes then: %s',
    async (_, source) => {
      const outcomes: Outcomes = {};
      const module = await Test.createTestingModule({
        imports: [
          globally(flushing('listed before, global', outcomes, 20)),
          flushing('listed before', outcomes, 20),
          CodexRedisModule.forRoot({ ...optionsOn(source()), isGlobal: true }),
          flushing('listed after', outcomes, 20),
          globally(flushing('listed after, global', outcomes, 20)),
        ],
      }).compile();
      await module.init();
      const cache = module.get(CacheService);
      await module.close();

      const places = ['listed before, global', 'listed before', 'listed after', 'listed after, global'];
      expect(outcomes).toEqual(
        Object.fromEntries(places.flatMap((place) => HOOKS.map((hook) => [`${place} ${hook}`, 1]))),
      );
      await expect(cache.get('k')).rejects.toBeInstanceOf(RedisConnectionError);
    },
  );

  it('CN10 serves a hook that takes longer than the operation timeout', async () => {
    const outcomes: Outcomes = {};
    const module = await Test.createTestingModule({
      imports: [
        globally(flushing('listed before', outcomes, 450)),
        CodexRedisModule.forRoot({
          ...optionsOn({ url: process.env['TEST_REDIS_URL'] }),
          operationTimeoutMs: 300,
          isGlobal: true,
        }),
      ],
    }).compile();
    await module.init();
    await module.close();

    expect(Object.values(outcomes)).toEqual([1, 1, 1]);
  });
});
