import { Controller, Get, Post } from '@nestjs/common';
import { RedisStore } from 'connect-redis';
import * as connectRedis7 from 'connect-redis-7';
import * as connectRedis8 from 'connect-redis-8';
import express, { type Request } from 'express';
import expressSession from 'express-session';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { before, describe, it } from 'node:test';
import { createClient, type RedisClientType } from 'redis';
import { connectRedis, type ConnectRedisOptions, Session } from 'nestjs-codex-redis';
import { atEnd, redisUrl, startExpress } from './support/application.js';
import { Visitor } from './support/visitor.js';

interface Visit {
  name?: string;
}

@Controller()
class LaterController {
  @Get('me')
  me(@Session() session: Session<Visit>): string {
    return session.name ?? 'nobody';
  }

  @Post('login')
  async login(@Session() session: Session<Visit>): Promise<void> {
    await session.signIn('ann');
  }

  @Post('logout')
  async logout(@Session() session: Session<Visit>): Promise<void> {
    await session.flush();
  }
}

type Store = new (options: object) => object;

const VERSIONS: Readonly<Record<string, Store>> = {
  7: connectRedis7.default as never,
  8: connectRedis8.RedisStore as never,
  9: RedisStore as never,
};

interface Setup {
  readonly session?: object;
  readonly store?: object;
  readonly from?: Partial<ConnectRedisOptions>;
}

const BYTES = Buffer.from('00ff80', 'hex');

const SETUPS: Readonly<Record<string, Setup>> = {
  'a cookie that ends with the browser': {},
  'a rolling cookie': { session: { rolling: true, cookie: { maxAge: 60_000 } } },
  'a time to live of its own': { store: { ttl: 120 } },
  'no time to live': { store: { disableTTL: true } },
  'a prefix with the characters of a pattern': { store: { prefix: '*[a]?:' }, from: { prefix: '*[a]?:' } },
  'ids of its own': { session: { genid: () => `ann.7/ü ${Math.random()}` } },
  'several secrets': { session: { secret: ['new', 'old'] }, from: { secret: ['newer', 'new'] } },
  'a secret of bytes': { session: { secret: BYTES }, from: { secret: BYTES } },
};

let client: RedisClientType;

before(async () => {
  client = await createClient({ url: await redisUrl() }).connect();
  atEnd(() => client.close());
});

/** The earlier application. A request for `/held` ends, and saves its session, when `held` says so. */
interface Earlier {
  readonly url: string;
  readonly held: Promise<{ end(): void }>;
}

const startEarlier = async (Version: Store, { session, store }: Setup): Promise<Earlier> => {
  const app = express();
  const settings = { secret: 'old', resave: false, saveUninitialized: false, ...session };
  app.use(expressSession({ ...settings, store: new Version({ client, ...store }) }));
  const visitOf = (request: Request): Visit => (request as unknown as { session: Visit }).session;
  app.post('/login', (request, response) => {
    visitOf(request).name = 'ann';
    response.end();
  });
  const held = new Promise<{ end(): void }>((resolve) => {
    app.post('/held', (request, response) => {
      visitOf(request).name = 'changed too late';
      resolve({ end: () => void response.end() });
    });
  });
  const server = app.listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held };
};

const startLater = (from: Partial<ConnectRedisOptions> = {}): Promise<{ url: string }> =>
  startExpress({
    controllers: [LaterController],
    options: { session: { migrateFrom: connectRedis({ secret: 'old', ...from }) } },
  });

for (const [version, Version] of Object.entries(VERSIONS))
  describe(`BR2 from connect-redis ${version}`, () => {
    for (const [what, setup] of Object.entries(SETUPS))
      it(`with ${what}`, async () => {
        const [earlier, later] = [await startEarlier(Version, setup), await startLater(setup.from)];
        const before = new Visitor(earlier.url);
        await before.post('/login');
        const visitor = before.to(later.url);
        assert.deepEqual(
          (await Promise.all([visitor.get('/me'), visitor.get('/me')])).map(({ text }) => text),
          ['ann', 'ann'],
        );
        assert.equal(visitor.cookie('connect.sid'), undefined);
        assert.deepEqual((await visitor.get('/me')).cookies, []);
      });

    it('what the earlier application saves after the session was taken over brings nobody back after a logout', async () => {
      const rolling = { session: { rolling: true, cookie: { maxAge: 60_000 } }, store: { prefix: 'late:' } };
      const earlier = await startEarlier(Version, rolling);
      const later = await startLater({ prefix: 'late:' });
      const before = new Visitor(earlier.url);
      await before.post('/login');
      const visitor = before.to(later.url);
      const late = before.post('/held');
      const { end } = await earlier.held;
      await visitor.get('/me');
      assert.deepEqual(await client.keys('late:*'), []);
      await visitor.post('/login');
      end();
      await late;
      assert.equal((await client.keys('late:*')).length, 1);
      const headers = { cookie: `${visitor.cookieHeader}; ${before.cookieHeader}` };
      await visitor.post('/logout', { headers });
      assert.equal((await visitor.get('/me', { headers })).text, 'nobody');
      assert.deepEqual(await client.keys('late:*'), []);
    });
  });
