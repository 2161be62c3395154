import { ClassSerializerInterceptor, Controller, Get, Res } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCookie from '@fastify/cookie';
import fastifyHelmet from '@fastify/helmet';
import { Exclude } from 'class-transformer';
import helmet from 'helmet';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CacheResponse } from 'nestjs-codex-redis';
import { PLATFORMS, type Running, startExpress, startFastify } from './support/application.js';

let runs = 0;

class User {
  readonly name = 'ada';

  @Exclude()
  readonly password = 'lovelace';

  readonly run = ++runs;
}

@Controller()
class PagesController {
  @CacheResponse({ timeout: 60 })
  @Get('user')
  user(): User[] {
    return [new User()];
  }

  @CacheResponse({ timeout: 60 })
  @Get('cookie')
  cookie(@Res({ passthrough: true }) response: { setCookie?: Cookie; cookie: Cookie }): string {
    (response.setCookie ?? response.cookie).call(response, 'seen', String(++runs));
    return `run ${runs}`;
  }
}

type Cookie = (name: string, value: string) => unknown;

const start = (platform: (typeof PLATFORMS)[number]): Promise<Running> => {
  const recipe = {
    controllers: [PagesController],
    providers: [{ provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor }],
  };
  return platform === 'express'
    ? startExpress({
        ...recipe,
        main: (app: NestExpressApplication) => {
          app.use(helmet());
        },
      })
    : startFastify({
        ...recipe,
        main: async (app: NestFastifyApplication) => {
          await app.register(fastifyHelmet);
          await app.register(fastifyCookie);
        },
      });
};

for (const platform of PLATFORMS)
  describe(`cached responses on ${platform}`, () => {
    const statusOf = (answer: Response): string => answer.headers.get('cache-status') ?? '';

    it('RC8 store what class-transformer left, and have the headers of helmet on a hit too', async () => {
      const { url } = await start(platform);
      const answers = [await fetch(`${url}/user`), await fetch(`${url}/user`)];
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      assert.match(bodies[0]!, /^\[\{"name":"ada","run":\d+\}\]$/);
      assert.equal(bodies[1], bodies[0]);
      assert.match(statusOf(answers[1]!), /; hit/);
      for (const answer of answers) assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    });

    it('RC4 are not stored when the handler sets a cookie by the platform’s own way', async () => {
      const { url } = await start(platform);
      const answers = [await fetch(`${url}/cookie`), await fetch(`${url}/cookie`)];
      for (const answer of answers) assert.match(statusOf(answer), /detail=set-cookie/);
      assert.notEqual(await answers[1]!.text(), await answers[0]!.text());
    });
  });
