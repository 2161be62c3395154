import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheService } from '../../lib/cache/cache.service.js';

/** Starts an application, uses it, and ends it. */
export const inApplication = async (
  module: Type | DynamicModule,
  use: (app: INestApplication) => Promise<void>,
): Promise<void> => {
  const app = await NestFactory.create(module, { logger: false, abortOnError: false });
  try {
    await app.init();
    await use(app);
  } finally {
    await app.close();
  }
};

/** Caches in an application that runs, has a look meanwhile, and deletes it again. */
export const caching = async (app: INestApplication, look = (): void => undefined): Promise<void> => {
  const cache = app.get(CacheService, { strict: false });
  const entries = Array.from({ length: 30 }, (_, n) => [`documented:${n}`, { n }] as const);
  const keys = entries.map(([key]) => key);
  await cache.setMany(entries);
  try {
    expect(await cache.getMany(keys)).toEqual(new Map(entries));
    look();
  } finally {
    expect(await cache.deleteMany(keys)).toBe(entries.length);
  }
};
