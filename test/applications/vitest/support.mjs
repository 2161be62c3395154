import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CacheService, CodexRedisModule } from 'nestjs-codex-redis';
import { afterAll } from 'vitest';
import { RedisServer } from '../../support/redis-server.ts';

let server;

const closing = [];

afterAll(async () => {
  for (const close of closing.splice(0)) await close();
  await server?.stop();
  server = undefined;
});

/** A server of this test's own, which it may stop. */
export const redis = async () => (server ??= await RedisServer.start());

/** Options of a cache with a namespace of its own. */
export const optionsOn = (url) => ({
  url,
  isGlobal: true,
  cache: { keyPrefix: `shop-${Math.random().toString(36).slice(2)}` },
});

export const urlOf = async (kind) => (kind === 'memory' ? 'memory:' : (await redis()).url);

/** The cache of an application on Redis, or on the embedded store. */
export const cacheOn = async (kind) => {
  const module = CodexRedisModule.forRoot(optionsOn(await urlOf(kind)));
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  closing.push(() => app.close());
  return app.get(CacheService);
};

export const closeLater = (close) => closing.push(close);
