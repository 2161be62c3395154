import { Body, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import type {} from '@fastify/flash';
import flash from 'connect-flash';
import { rateLimit } from 'express-rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { ClsModule, ClsService } from 'nestjs-cls';
import { LoggerModule } from 'nestjs-pino';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Session } from 'nestjs-codex-redis';
import { useCsrf } from './documented/csrf.js';
import { useFastifyCsrf } from './documented/fastify-csrf.js';
import { useFastifyPassport } from './documented/fastify-passport.js';
import { usePassport } from './documented/passport.js';
import { PassportController } from './documented/passport-login.js';
import { startExpress, startFastify } from './support/application.js';
import { LocalStrategy, UserSerializer } from './support/local-users.js';
import type { Answer, Visitor } from './support/visitor.js';

type Own = Session<{ cart: string[] }>;

interface Flashing {
  flash(kind: string, message?: string): string[];
}

@Controller()
class CartController {
  @Post('cart') add(@Session() session: Own): void {
    session.cart = [...(session.cart ?? []), 'book'];
  }
}

@Controller()
class FastifyController {
  constructor(@Inject(ClsService) private readonly cls: ClsService) {}

  @Get('token') token(@Res({ passthrough: true }) reply: FastifyReply): string {
    return reply.generateCsrf();
  }

  @Post('login') async login(@Req() request: FastifyRequest, @Body('username') id: string): Promise<void> {
    await request.logIn({ id });
    request.flash('info', 'welcome');
  }

  @Get('me') me(
    @Req() { user }: { user?: { id: string } | null },
    @Session() session: Own,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): object {
    assert.ok(this.cls.isActive());
    return { user: user?.id ?? null, cart: session.cart ?? [], messages: reply.flash('info') };
  }

  @Post('logout') async logout(
    @Req() request: { readonly session: Session; logOut(): Promise<void> },
  ): Promise<void> {
    await request.logOut();
    await request.session.flush();
  }
}

@Controller()
class ExpressController {
  @Get('token') token(@Req() request: { csrfToken(): string }): string {
    return request.csrfToken();
  }

  @Post('greet') greet(@Req() request: Flashing): void {
    request.flash('info', 'welcome');
  }

  @Get('me') me(@Req() request: Flashing & { user?: { id: string } }, @Session() session: Own): object {
    return { user: request.user?.id ?? null, cart: session.cart ?? [], messages: request.flash('info') };
  }
}

/** A page whose forms carry a token. */
class Page {
  #token = '';

  constructor(
    private readonly visitor: Visitor,
    private readonly header: string,
  ) {}

  async fetchToken(): Promise<void> {
    this.#token = (await this.visitor.get('/token')).text;
  }

  send(path: string, body: object = {}): Promise<Answer> {
    return this.visitor.post(path, { body, headers: { [this.header]: this.#token } });
  }

  async me(): Promise<unknown> {
    return JSON.parse((await this.visitor.get('/me')).text);
  }
}

const credentials = { username: 'ada', password: 'right' };
const stranger = { user: null, cart: [], messages: [] };
const welcomed = { user: 'ada', cart: ['book'], messages: ['welcome'] };

describe('five libraries in one application', () => {
  it('SE25 @fastify/passport with its flash, @fastify/csrf-protection, nestjs-cls and nestjs-pino on Fastify', async () => {
    const { visitor } = await startFastify({
      controllers: [CartController, FastifyController],
      imports: [
        ClsModule.forRoot({ global: true, guard: { mount: true } }),
        LoggerModule.forRoot({ pinoHttp: { level: 'silent' } }),
      ],
      main: async (app) => {
        await useFastifyPassport(app);
        await useFastifyCsrf(app);
      },
    });
    const page = new Page(visitor(), 'csrf-token');
    assert.equal((await page.send('/cart')).status, 403);
    await page.fetchToken();
    assert.equal((await page.send('/cart')).status, 201);
    assert.equal((await page.send('/login', credentials)).status, 201);
    assert.equal((await page.send('/cart')).status, 403);
    assert.deepEqual(await page.me(), welcomed);
    assert.deepEqual(await page.me(), { ...welcomed, messages: [] });
    await page.fetchToken();
    assert.equal((await page.send('/logout')).status, 201);
    assert.deepEqual(await page.me(), stranger);
  });

  it('SE25 @nestjs/passport, csrf-csrf, connect-flash, helmet and express-rate-limit on Express', async () => {
    const { visitor } = await startExpress({
      controllers: [CartController, ExpressController, PassportController],
      imports: [PassportModule.register({ session: true })],
      providers: [LocalStrategy, UserSerializer],
      main: (app) => {
        app.use(helmet(), rateLimit({ limit: 100 }));
        useCsrf(app);
        app.use(flash());
        usePassport(app);
      },
    });
    const page = new Page(visitor(), 'x-csrf-token');
    assert.equal((await page.send('/cart')).status, 403);
    await page.fetchToken();
    assert.equal((await page.send('/cart')).status, 201);
    assert.equal((await page.send('/login', credentials)).status, 403);
    await page.fetchToken();
    assert.equal((await page.send('/login', credentials)).status, 201);
    await page.fetchToken();
    await page.send('/greet');
    assert.deepEqual(await page.me(), welcomed);
    assert.deepEqual(await page.me(), { ...welcomed, messages: [] });
    assert.equal((await page.send('/logout')).status, 201);
    assert.deepEqual(await page.me(), stranger);
  });
});
