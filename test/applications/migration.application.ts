import {
  Body,
  Controller,
  Get,
  type INestApplication,
  Post,
  Session as NestSession,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import expressSession from 'express-session';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient, createCluster } from 'redis';
import { connectRedis, Session } from 'nestjs-codex-redis';
import { RedisCluster } from '../support/redis-cluster.js';
import { atEnd, type Platform, PLATFORMS, redisUrl, startOn } from './support/application.js';
import { Visitor } from './support/visitor.js';

const VISITORS = 200;
const SECRET = 'the secret of the earlier application, of some length';

interface Visit {
  name?: string;
  cart?: string[];
}

/** The same controller before and after, but for where the session comes from. */
@Controller()
class EarlierController {
  @Post('login')
  login(@NestSession() session: Visit, @Body() { name }: { name: string }): void {
    session.name = name;
    session.cart = ['book'];
  }

  @Get('me')
  me(@NestSession() session: Visit): Visit {
    return { ...(session.name !== undefined && { name: session.name, cart: session.cart ?? [] }) };
  }
}

@Controller()
class LaterController {
  @Get('me')
  me(@Session() session: Session<Visit>): Visit {
    return session.name === undefined ? {} : { name: session.name, cart: session.cart ?? [] };
  }

  @Post('logout')
  async logout(@Session() session: Session): Promise<void> {
    await session.flush();
  }
}

type Client = ConstructorParameters<typeof RedisStore>[0]['client'];

/** A Redis, as the earlier application and the later one are told of it. */
interface Place {
  readonly kind: string;
  open(): Promise<{ client: Client; close(): Promise<void>; keys(pattern: string): Promise<string[]> }>;
  options(): Promise<object>;
}

let cluster: RedisCluster | undefined;
before(async () => {
  const started = await RedisCluster.start();
  atEnd(() => started.stop());
  cluster = started;
});

const rootNodes = (): { url: string }[] => (cluster?.masters ?? []).map(({ url }) => ({ url }));

const PLACES: readonly Place[] = [
  {
    kind: 'one Redis',
    async open() {
      const client = await createClient({ url: await redisUrl() }).connect();
      return {
        client: client as never,
        close: () => client.close(),
        keys: (pattern) => client.keys(pattern),
      };
    },
    options: async () => ({ url: await redisUrl() }),
  },
  {
    kind: 'a Cluster',
    async open() {
      const client = await createCluster({ rootNodes: rootNodes() }).connect();
      const keys = async (pattern: string): Promise<string[]> => {
        const found = client.masters.map(async (node) => (await client.nodeClient(node)).keys(pattern));
        return (await Promise.all(found)).flat();
      };
      return { client: client as never, close: () => client.close(), keys };
    },
    options: () => Promise.resolve({ url: undefined, cluster: { rootNodes: rootNodes() } }),
  },
];

const COOKIE: Record<Platform, string> = { express: 'connect.sid', fastify: 'sessionId' };

const onExpress = async (root: Type, options: object, store: RedisStore): Promise<INestApplication> => {
  const app = await NestFactory.create<NestExpressApplication>(root, options);
  app.use(expressSession({ secret: SECRET, store, resave: false, saveUninitialized: false }));
  return app;
};

const onFastify = async (root: Type, options: object, store: RedisStore): Promise<INestApplication> => {
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), options);
  await app.register(fastifyCookie as never);
  await app.register(fastifySession as never, { secret: SECRET, store, cookie: { secure: false } } as never);
  return app;
};

/** The application as it was: express-session or @fastify/session with connect-redis. */
const startEarlier = async (
  platform: Platform,
  client: Client,
  prefix: string,
): Promise<INestApplication> => {
  const store = new RedisStore({ client, prefix });
  const root = class {};
  Reflect.defineMetadata('controllers', [EarlierController], root);
  const quiet = { logger: false, abortOnError: false } as const;
  const make = { express: onExpress, fastify: onFastify }[platform];
  const app = await make(root, quiet, store);
  await app.listen(0, '127.0.0.1');
  return app;
};

describe('BR2 from connect-redis, nobody is logged out at the cut-over', () => {
  for (const platform of PLATFORMS)
    for (const place of PLACES)
      describe(`${platform}, ${place.kind}`, () => {
        const prefix = `earlier-${platform}:`;
        const project = `migrated-${platform}`;
        let redis: Awaited<ReturnType<Place['open']>>;
        let earlierApp: INestApplication;
        let earlier: string;
        let later: string;

        before(async () => {
          redis = await place.open();
          earlierApp = await startEarlier(platform, redis.client, prefix);
          earlier = await earlierApp.getUrl();
          const running = await startOn(platform, {
            controllers: [LaterController],
            options: {
              ...(await place.options()),
              projectName: project,
              session: {
                migrateFrom: connectRedis({ cookieName: COOKIE[platform], secret: SECRET, prefix }),
              },
            },
          });
          later = running.url;
        });
        after(async () => {
          await earlierApp.close();
          await redis.close();
        });

        const moved = (visitor: Visitor): Visitor => visitor.to(later);
        const stored = (): Promise<string[]> => redis.keys(`${project}:session:*`);

        it(`${VISITORS} visitors with three parallel first requests each keep their sessions`, async () => {
          const visitors = await Promise.all(
            Array.from({ length: VISITORS }, async (_, at) => {
              const visitor = new Visitor(earlier);
              const answer = await visitor.post('/login', { body: { name: `visitor ${at}` } });
              assert.equal(answer.status, 201, answer.text);
              return visitor;
            }),
          );
          assert.equal((await redis.keys(`${prefix}*`)).length, VISITORS);
          const before = (await stored()).length;
          await Promise.all(
            visitors.map(async (visitor, at) => {
              const after = moved(visitor);
              const firsts = await Promise.all([after.get('/me'), after.get('/me'), after.get('/me')]);
              for (const { text } of firsts)
                assert.deepEqual(JSON.parse(text), { name: `visitor ${at}`, cart: ['book'] });
              assert.match(after.cookie('sid') ?? '', /^[a-z0-9]{32}$/);
              assert.equal(after.cookie(COOKIE[platform]), undefined);
              const next = await after.get('/me');
              assert.deepEqual(JSON.parse(next.text), { name: `visitor ${at}`, cart: ['book'] });
              assert.deepEqual(next.cookies, []);
            }),
          );
          assert.equal((await stored()).length - before, VISITORS);
          assert.deepEqual(await redis.keys(`${prefix}*`), []);
        });

        const arrive = async (): Promise<Visitor> => {
          const visitor = new Visitor(earlier);
          await visitor.post('/login', { body: { name: 'ann' } });
          return moved(visitor);
        };

        it('a cookie that the earlier application did not sign is ignored', async () => {
          const visitor = await arrive();
          const signed = visitor.cookie(COOKIE[platform]) ?? '';
          const forged = new Visitor(later);
          const answer = await forged.get('/me', {
            headers: { cookie: `${COOKIE[platform]}=${signed.slice(0, -4)}AAAA` },
          });
          assert.deepEqual([answer.status, answer.text, answer.cookies], [200, '{}', []]);
          assert.equal((await redis.keys(`${prefix}*`)).length, 1);
          await visitor.get('/me');
        });

        it('who logs out stays out, also with a copy of the old cookie', async () => {
          const visitor = await arrive();
          const old = { cookie: visitor.cookieHeader };
          await visitor.get('/me');
          await visitor.post('/logout');
          assert.deepEqual(JSON.parse((await visitor.get('/me', { headers: old })).text), {});
          assert.equal(visitor.cookie('sid'), undefined);
        });

        it('what was cut off between the two steps is finished by the next request', async () => {
          const visitor = await arrive();
          const [key = ''] = await redis.keys(`${prefix}*`);
          const text = await (redis.client as { get(key: string): Promise<string> }).get(key);
          const copy = visitor.to(later);
          await visitor.get('/me');
          await (redis.client as { set(key: string, text: string): Promise<unknown> }).set(key, text);
          const before = await stored();
          assert.deepEqual(JSON.parse((await copy.get('/me')).text), { name: 'ann', cart: ['book'] });
          assert.deepEqual(await stored(), before);
          assert.deepEqual(await redis.keys(`${prefix}*`), []);
          assert.equal(copy.cookie('sid'), visitor.cookie('sid'));
        });

        it('after a rollback only those who came since the cut-over log in again', async () => {
          const [came, stayed] = [await arrive(), await arrive()];
          await came.get('/me');
          const [loggedOut, kept] = [came.to(earlier), stayed.to(earlier)];
          const ann = { name: 'ann', cart: ['book'] };
          assert.deepEqual(JSON.parse((await loggedOut.get('/me')).text), {});
          assert.deepEqual(JSON.parse((await kept.get('/me')).text), ann);
          await loggedOut.post('/login', { body: { name: 'ann' } });
          assert.deepEqual(JSON.parse((await loggedOut.get('/me')).text), ann);
          for (const visitor of [loggedOut, kept])
            assert.deepEqual(JSON.parse((await moved(visitor).get('/me')).text), ann);
        });
      });
});
