import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { CacheService, CodexRedisModule, SessionService } from 'nestjs-codex-redis';
import { embedCodexRedis } from 'nestjs-codex-redis/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const EVERYTHING = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date', 'performance'];

describe.each([
  ['not faked', undefined],
  ["faked as by vi.useFakeTimers()'s default", {}],
  ['faked, every one of them', { toFake: EVERYTHING }],
])('SE30 the embedded store under Vitest, timers %s', (_, faked) => {
  let app;

  beforeEach(async () => {
    if (faked !== undefined) vi.useFakeTimers(faked);
    const builder = Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'redis://never-asked:6379',
          projectName: 'shop',
          secretKey: 'a secret key of more than thirty-two bytes',
          cache: { keyPrefix: 'shop' },
          session: {},
        }),
      ],
    });
    embedCodexRedis(builder);
    app = await builder.compile();
    await app.init();
  });

  afterEach(async () => {
    await app.close();
    vi.useRealTimers();
  });

  it('answers in a later turn of the event loop', async () => {
    const cache = app.get(CacheService);
    const steps = [];
    const reading = cache.get('k').then(() => steps.push('answered'));
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    steps.push('microtasks are through');
    await reading;
    expect(steps).toEqual(['microtasks are through', 'answered']);
  });

  it('shows a race of two who read and then write', async () => {
    const cache = app.get(CacheService);
    const add = async (name) => cache.set('cart', [...((await cache.get('cart')) ?? []), name]);
    await Promise.all([add('a'), add('b')]);
    expect(await cache.get('cart')).toHaveLength(1);
  });

  it('loads and saves sessions', async () => {
    const sessions = app.get(SessionService);
    const { key } = await sessions.create();
    const write = async (name) => {
      const session = await sessions.load(key);
      session.set(name, true);
      await session.save();
    };
    await Promise.all([write('a'), write('b')]);
    expect((await sessions.load(key)).toJSON()).toEqual({ a: true, b: true });
  });
});
