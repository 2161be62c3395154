import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import fastifyFlash from '@fastify/flash';
import fastifyHelmet from '@fastify/helmet';
import compression from 'compression';
import flash from 'connect-flash';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import morgan from 'morgan';
import { ClsModule } from 'nestjs-cls';
import { LoggerModule } from 'nestjs-pino';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pinoHttp } from 'pino-http';
import { Session, SessionService } from 'nestjs-codex-redis';
import { CodexRedisThrottlerModule } from 'nestjs-codex-redis/throttler';
import { useCsrf } from './documented/csrf.js';
import { useFastifyCsrf } from './documented/fastify-csrf.js';
import { useFastifyPassport } from './documented/fastify-passport.js';
import { usePassport } from './documented/passport.js';
import { PassportController } from './documented/passport-login.js';
import { logInAtProvider, OAuth2Controller, OpenIdController, withProvider } from './support/oauth.js';
import { type Recipe, type Running, startExpress, startFastify } from './support/application.js';
import { LocalStrategy, UserSerializer } from './support/local-users.js';
import type { Answer, Visitor } from './support/visitor.js';

interface Entries {
  user: string;
  cart: string[];
  message: string;
}

@Controller()
class ShopController {
  @Post('cart') fill(@Session() session: Session<Entries>): void {
    session.cart = [...(session.cart ?? []), 'book'];
  }

  @Get('cart') cart(@Session('cart') cart: string[] | undefined): object {
    return cart ?? [];
  }
}

/** An application that logs in by the session itself. */
@Controller()
class SignInController {
  @Post('login') async login(
    @Session() session: Session<Entries>,
    @Body() { username }: { username: string },
  ): Promise<void> {
    await session.signIn(username);
  }

  @Get('me') me(@Session('_auth_user_id') user: string | undefined): object {
    return { user: user ?? null };
  }

  @Post('logout') async logout(@Session() session: Session): Promise<void> {
    await session.flush();
  }
}

/** Who the library says is logged in. */
@Controller()
class RequestUserController {
  @Get('me') me(@Req() { user }: { user?: { id: string } | null }): object {
    return { user: user?.id ?? null };
  }
}

@Controller()
class FastifyPassportController {
  @Post('login') async login(
    @Req() request: { logIn(user: object): Promise<void> },
    @Body() { username }: { username: string },
  ): Promise<void> {
    await request.logIn({ id: username });
  }

  @Post('logout') async logout(
    @Req() request: { readonly session: Session; logOut(): Promise<void> },
  ): Promise<void> {
    await request.logOut();
    await request.session.flush();
  }
}

@Controller()
class FlashController {
  @Post('say') @HttpCode(201) say(@Req() request: { flash(kind: string, message: string): unknown }): void {
    request.flash('info', 'saved');
  }

  @Get('said') said(
    @Req() request: { flash(kind: string): unknown },
    @Res({ passthrough: true }) reply: { flash?(kind: string): unknown },
  ): unknown {
    return reply.flash === undefined ? request.flash('info') : reply.flash('info');
  }
}

@Controller()
class TokenController {
  @Get('token') token(
    @Req() request: { csrfToken?(): string },
    @Res({ passthrough: true }) reply: { generateCsrf?(): string },
  ): object {
    return { token: request.csrfToken?.() ?? reply.generateCsrf?.() };
  }
}

/** How a library is wired, and what of the story differs with it. */
interface Wiring {
  readonly express?: Recipe<NestExpressApplication>;
  readonly fastify?: Recipe<NestFastifyApplication>;
  /** What each POST has to carry. */
  readonly headers?: (visitor: Visitor) => Promise<Record<string, string>>;
  readonly login?: (visitor: Visitor, running: Running) => Promise<Answer>;
}

const withSignIn = <R extends Recipe<never>>(recipe: R): R => ({
  ...recipe,
  controllers: [ShopController, SignInController, ...(recipe.controllers ?? [])],
});

/** The recipe of a library that is wired alike on both platforms. */
const alike = (recipe: object): Wiring => ({
  express: withSignIn(recipe as Recipe<NestExpressApplication>),
  fastify: withSignIn(recipe as Recipe<NestFastifyApplication>),
});

const onExpress = (...handlers: readonly unknown[]): Wiring => ({
  express: withSignIn({ main: (app) => void app.use(...(handlers as [])) }),
});

const cls = (way: string): Wiring =>
  alike({ imports: [ClsModule.forRoot({ global: true, [way]: { mount: true } } as object)] });

const token = async (visitor: Visitor): Promise<Record<string, string>> => {
  const { token } = JSON.parse((await visitor.get('/token')).text) as { token: string };
  return { 'csrf-token': token, 'x-csrf-token': token };
};

const silent = { write: (): void => undefined };

const WIRINGS: Readonly<Record<string, Wiring>> = {
  '@nestjs/passport, local': {
    express: {
      imports: [PassportModule.register({ session: true })],
      controllers: [ShopController, PassportController, RequestUserController],
      providers: [LocalStrategy, UserSerializer],
      main: usePassport,
    },
  },
  '@nestjs/passport, OAuth 2': {
    express: withProvider([ShopController, SignInController, OAuth2Controller]),
    login: (visitor, running) => logInAtProvider('oauth2', visitor, running),
  },
  '@nestjs/passport, OpenID': {
    express: withProvider([ShopController, SignInController, OpenIdController]),
    login: (visitor, running) => logInAtProvider('openidconnect', visitor, running),
  },
  '@fastify/passport': {
    fastify: {
      controllers: [ShopController, FastifyPassportController, RequestUserController],
      main: useFastifyPassport,
    },
  },
  'connect-flash': {
    express: withSignIn({ controllers: [FlashController], main: (app) => void app.use(flash()) }),
  },
  '@fastify/flash': {
    fastify: withSignIn({
      controllers: [FlashController],
      main: async (app) => void (await app.register(fastifyFlash as never)),
    }),
  },
  'csrf-csrf': {
    express: withSignIn({ controllers: [TokenController], main: useCsrf }),
    headers: token,
  },
  '@fastify/csrf-protection': {
    fastify: withSignIn({ controllers: [TokenController], main: useFastifyCsrf }),
    headers: token,
  },
  'nestjs-cls, guard': cls('guard'),
  'nestjs-cls, middleware': cls('middleware'),
  'nestjs-cls, interceptor': cls('interceptor'),
  morgan: onExpress(morgan('combined', { stream: silent })),
  'pino-http': onExpress(pinoHttp({}, silent)),
  'nestjs-pino': alike({ imports: [LoggerModule.forRoot({ pinoHttp: [{}, silent] })] }),
  'express-rate-limit': onExpress(rateLimit({ limit: 100, validate: false })),
  '@nestjs/throttler': alike({
    imports: [ThrottlerModule.forRoot([{ ttl: 60_000, limit: 100 }]), CodexRedisThrottlerModule],
    providers: [{ provide: 'APP_GUARD', useClass: ThrottlerGuard }],
  }),
  helmet: onExpress(helmet()),
  '@fastify/helmet': {
    fastify: withSignIn({ main: async (app) => void (await app.register(fastifyHelmet as never)) }),
  },
  compression: onExpress(compression({ threshold: 0 })),
};

/** The rows of the page's table. */
const rows = (): { library: string; platform: string; does: Record<string, boolean> }[] => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/other-libraries.md'), 'utf8');
  const cells = page
    .split('\n')
    .filter((line) => /^\| .* \| (Express|Fastify) +\|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return cells.map(([, library = '', platform = '', ...does]) => ({
    library,
    platform: platform.toLowerCase(),
    does: Object.fromEntries(
      ['login', 'read', 'logout', 'flash'].map((name, at) => [name, does[at] === 'yes']),
    ),
  }));
};

const start = ({ express, fastify }: Wiring, platform: string): Promise<Running> => {
  if (platform === 'express' && express !== undefined) return startExpress(express);
  if (platform === 'fastify' && fastify !== undefined) return startFastify(fastify);
  throw new Error(`No wiring is known on ${platform}`);
};

const logsIn = (visitor: Visitor, ask: object): Promise<Answer> =>
  visitor.post('/login', { body: { username: 'ada', password: 'right' }, ...ask });

describe('SE25 each cell of the table of other libraries', () => {
  it('every wiring has its row', () => {
    const listed = new Set(rows().map(({ library }) => library));
    assert.deepEqual([...listed].sort(), Object.keys(WIRINGS).sort());
  });

  for (const { library, platform, does } of rows())
    it(`${library} on ${platform}`, async () => {
      const wiring = WIRINGS[library] ?? {};
      const running = await start(wiring, platform);
      const sessions = running.app.get(SessionService, { strict: false });
      const visitor = running.visitor();
      const ask = async (): Promise<object> => ({ headers: (await wiring.headers?.(visitor)) ?? {} });
      const me = async (): Promise<unknown> => JSON.parse((await visitor.get('/me')).text);
      const cart = async (): Promise<unknown> => JSON.parse((await visitor.get('/cart')).text);

      assert.equal((await visitor.post('/cart', await ask())).status, 201);
      assert.deepEqual([await me(), await cart()], [{ user: null }, ['book']]);
      const anonymous = visitor.cookie('sid') ?? '';

      assert.ok(
        does['login'] && does['read'] && does['logout'],
        'a library with a no in it needs a test of its own',
      );
      const answer = await (wiring.login?.(visitor, running) ?? logsIn(visitor, await ask()));
      assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
      const key = visitor.cookie('sid') ?? '';
      assert.notEqual(key, anonymous);
      assert.deepEqual([await sessions.exists(anonymous), await sessions.exists(key)], [false, true]);
      assert.deepEqual([await me(), await cart()], [{ user: 'ada' }, ['book']]);

      if (does['flash']) {
        assert.equal((await visitor.post('/say', await ask())).status, 201);
        assert.deepEqual(JSON.parse((await visitor.get('/said')).text), ['saved']);
        assert.deepEqual(JSON.parse((await visitor.get('/said')).text), []);
      }

      assert.equal((await visitor.post('/logout', await ask())).status, 201);
      assert.equal(await sessions.exists(key), false);
      assert.deepEqual(await me(), { user: null });
    });
});
