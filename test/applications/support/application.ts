import 'reflect-metadata';
import {
  type DynamicModule,
  type INestApplication,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { after } from 'node:test';
import { CodexRedisModule, type CodexRedisOptions } from 'nestjs-codex-redis';
import { RedisServer } from '../../support/redis-server.js';
import { Visitor } from './visitor.js';

export const PLATFORMS = ['express', 'fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

const endings: (() => unknown)[] = [];

/** Ends at the end of this process what was begun; what was begun last ends first: a server outlives its clients. */
export const atEnd = (end: () => unknown): void => {
  endings.unshift(end);
};

after(async () => {
  for (const end of endings) await end();
});

let server: Promise<RedisServer> | undefined;

const startRedis = async (): Promise<RedisServer> => {
  const started = await RedisServer.start();
  atEnd(() => started.stop());
  return started;
};

/** The Redis of this process. */
export const redisUrl = async (): Promise<string> => {
  server ??= startRedis();
  return (await server).url;
};

/** The module under test, in a namespace of its own. */
export const codexRedis = async (options: Partial<CodexRedisOptions> = {}): Promise<DynamicModule> =>
  CodexRedisModule.forRoot({
    isGlobal: true,
    url: await redisUrl(),
    projectName: `shop-${randomUUID()}`,
    secretKey: 'a secret key of more than thirty-two bytes',
    cache: { keyPrefix: `shop-${randomUUID()}` },
    ...options,
    session: { ...options.session, cookie: { name: 'sid', ...options.session?.cookie } },
  });

/** A started application, and how to visit it. */
export interface Running<A extends INestApplication = INestApplication> {
  readonly app: A;
  readonly url: string;
  visitor(): Visitor;
}

export interface Recipe<A extends INestApplication> extends ModuleMetadata {
  readonly options?: Partial<CodexRedisOptions>;
  /** What the root module's class is, where it has methods of its own. */
  readonly root?: Type;
  /** What main.ts does between `create()` and `listen()`. */
  readonly main?: (app: A) => Promise<void> | void;
}

export const startExpress = (
  recipe: Recipe<NestExpressApplication>,
): Promise<Running<NestExpressApplication>> =>
  start(recipe, (root) =>
    NestFactory.create<NestExpressApplication>(root, { logger: false, abortOnError: false }),
  );

export const startFastify = (
  recipe: Recipe<NestFastifyApplication>,
): Promise<Running<NestFastifyApplication>> =>
  start(recipe, (root) =>
    NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), {
      logger: false,
      abortOnError: false,
    }),
  );

/** The same on either platform, for what main.ts does alike. */
export const startOn = (platform: Platform, recipe: Recipe<INestApplication>): Promise<Running> =>
  platform === 'express' ? startExpress(recipe) : startFastify(recipe);

const start = async <A extends INestApplication>(
  { options, root = class {}, main, imports = [], ...metadata }: Recipe<A>,
  create: (root: Type) => Promise<A>,
): Promise<Running<A>> => {
  Module({ ...metadata, imports: [await codexRedis(options), ...imports] })(root);
  const app = await create(root);
  atEnd(() => app.close());
  await main?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return { app, url, visitor: () => new Visitor(url) };
};
