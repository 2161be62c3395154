import fastifyCookie from '@fastify/cookie';
import fastifySecureSession from '@fastify/secure-session';
import fastifySession from '@fastify/session';
import { Controller, Get, type INestApplication, type MiddlewareConsumer, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { PLATFORMS, startFastify, startOn } from './support/application.js';

type Middleware = (request: unknown, response: unknown, next: () => void) => void;

const expressSession = createRequire(import.meta.url)('express-session') as (options: object) => Middleware;
const cookieSession = createRequire(import.meta.url)('cookie-session') as (options: object) => Middleware;
const SECRET = 'a secret of the other one, long enough for it';
const session = (): Middleware =>
  expressSession({ secret: SECRET, name: 'old', resave: false, saveUninitialized: false });

@Controller()
class HomeController {
  @Get('home') home(): string {
    return 'home';
  }
}

const applying = (): Type =>
  class {
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(session()).forRoutes('*path');
    }
  };

for (const platform of PLATFORMS)
  describe(`express-session beside this module, on ${platform}`, () => {
    const refused = /express-session gives requests a session as well/;

    it('SE29 is refused at start in main.ts', async () => {
      const main = (app: INestApplication): void => void app.use(session());
      await assert.rejects(startOn(platform, { main }), refused);
    });

    it('SE29 is refused at start in main.ts, as cookie-session is', async () => {
      const main = (app: INestApplication): void => void app.use(cookieSession({ keys: [SECRET] }));
      await assert.rejects(startOn(platform, { main }), /cookie-session gives requests a session as well/);
    });

    it('SE29 is refused at start in a module', async () => {
      await assert.rejects(startOn(platform, { root: applying() }), refused);
    });

    it('SE29 is refused at its first request where a function hides it', async () => {
      const hidden = session();
      const main = (app: INestApplication): void =>
        void app.use((request: unknown, response: unknown, next: () => void) =>
          hidden(request, response, next),
        );
      const { visitor } = await startOn(platform, { main, controllers: [HomeController] });
      assert.equal((await visitor().get('/home')).status, 500);
      assert.equal((await visitor().get('/home')).status, 500);
    });
  });

describe('other sessions of Fastify beside this module', () => {
  const plugins: readonly [string, unknown, object][] = [
    ['@fastify/session', fastifySession, { secret: SECRET }],
    ['@fastify/secure-session', fastifySecureSession, { key: Buffer.alloc(32) }],
  ];
  for (const [name, plugin, options] of plugins)
    it(`SE29 ${name} is refused at start`, async () => {
      const main = async (app: NestFastifyApplication): Promise<void> => {
        await app.register(fastifyCookie as never);
        await app.register(plugin as never, options as never);
      };
      await assert.rejects(startFastify({ main }), /Another Fastify plugin \(such as @fastify\/session\)/);
    });
});
