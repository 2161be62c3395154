import { Body, Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import flash from 'connect-flash';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Session, SessionService } from 'nestjs-codex-redis';
import { useFastifyPassport } from './documented/fastify-passport.js';
import { FastifyPassportController } from './documented/fastify-passport-login.js';
import { PassportController, PasswordGuard } from './documented/passport-login.js';
import { usePassport } from './documented/passport.js';
import { PLATFORMS, type Platform, type Running, startExpress, startFastify } from './support/application.js';
import { LocalStrategy, UserSerializer } from './support/local-users.js';
import type { Visitor } from './support/visitor.js';

interface Request {
  readonly user?: { readonly id: string } | null;
  readonly session: Session<{ cart: string[] }>;
  logIn(user: object): Promise<void>;
  flash(kind: string): unknown;
}

@Controller()
class CartController {
  @Post('cart') fill(@Req() { session }: Request): void {
    session.cart = ['book'];
  }

  @Get('me') me(@Req() { user, session }: Request): object {
    return { user: user?.id ?? null, cart: session.cart ?? [] };
  }

  @Get('messages') messages(
    @Req() request: Request,
    @Res({ passthrough: true }) reply: { flash?: (kind: string) => unknown },
  ): unknown {
    return reply.flash?.('info') ?? request.flash('info');
  }
}

@Controller()
class ExpressLogin {
  @Post('both')
  @UseGuards(PasswordGuard)
  async login(@Req() { session, user }: Request): Promise<void> {
    await session.signIn(user?.id ?? 'nobody');
  }
}

@Controller()
class FastifyLogin {
  @Post('both')
  async login(@Req() request: Request, @Body('username') id: string): Promise<void> {
    await request.logIn({ id });
    await request.session.signIn(id);
  }
}

const start = (platform: Platform): Promise<Running> =>
  platform === 'express'
    ? startExpress({
        controllers: [CartController, ExpressLogin, PassportController],
        imports: [PassportModule.register({ session: true })],
        providers: [LocalStrategy, UserSerializer],
        main: (app) => {
          app.use(flash());
          usePassport(app);
        },
      })
    : startFastify({
        controllers: [CartController, FastifyLogin, FastifyPassportController],
        main: useFastifyPassport,
      });

const body = { username: 'ada', password: 'right' };

const me = async (visitor: Visitor): Promise<unknown> => JSON.parse((await visitor.get('/me')).text);

const stranger = { user: null, cart: [] };
const ada = { user: 'ada', cart: ['book'] };

for (const platform of PLATFORMS)
  describe(`Passport on ${platform}, wired as the page shows`, () => {
    it('SE25 logs in without signing in: the sessions of the user do not count it', async () => {
      const { app, visitor: visit } = await start(platform);
      const visitor = visit();
      await visitor.post('/cart');
      assert.equal((await visitor.post('/login', { body: { ...body, password: 'wrong' } })).status, 401);
      assert.equal((await visitor.post('/login', { body })).status, 201);
      assert.deepEqual(await me(visitor), ada);
      assert.deepEqual(await app.get(SessionService).ofUser('ada'), []);
      assert.equal((await visitor.post('/logout')).status, 201);
      assert.deepEqual(await me(visitor), stranger);
    });

    it('SE25 logs in with logIn() and signIn(): each logout ends it for both', async () => {
      const { app, visitor: visit } = await start(platform);
      const sessions = app.get(SessionService);
      const visitor = visit();
      await visitor.post('/cart');
      const before = visitor.cookie('sid');
      assert.equal((await visitor.post('/both', { body })).status, 201);
      assert.notEqual(visitor.cookie('sid'), before);
      assert.deepEqual(await me(visitor), ada);
      assert.equal((await sessions.ofUser('ada')).length, 1);
      assert.equal((await visitor.post('/logout')).status, 201);
      assert.deepEqual(await me(visitor), stranger);
      assert.deepEqual(await sessions.ofUser('ada'), []);

      const again = visit();
      assert.equal((await again.post('/both', { body })).status, 201);
      await sessions.endOfUser('ada');
      assert.deepEqual(await me(again), stranger);
    });

    it('SE25 a late poll reads nobody after a logout in another tab, and is refused when it asks for messages', async () => {
      const { url, visitor: visit } = await start(platform);
      const visitor = visit();
      await visitor.post('/login', { body });
      const late = visitor.to(url);
      await visitor.post('/logout');
      assert.deepEqual(await me(late), stranger);
      const { status, text, cookies } = await late.get('/messages');
      assert.deepEqual([status, cookies], [400, []]);
      assert.match(text, /CODEX_REDIS_SESSION_INTERRUPTED/);
    });
  });
