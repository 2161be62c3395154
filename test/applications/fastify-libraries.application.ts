import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import fastifyCsrf from '@fastify/csrf-protection';
import fastifyFlash from '@fastify/flash';
import { Authenticator } from '@fastify/passport';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Session, UseSession } from 'nestjs-codex-redis';
import { startFastify } from './support/application.js';

interface Request {
  readonly user: { name: string } | null;
  readonly session: Session<{ cart: string[] }>;
  logIn(user: object): Promise<void>;
  logOut(): Promise<void>;
  flash(kind: string, message: string): void;
}

interface Reply {
  flash(kind?: string): unknown;
  generateCsrf(): string;
}

@Controller()
class PassportController {
  @Post('login') async login(@Req() request: Request): Promise<void> {
    await request.logIn({ name: 'ada' });
  }

  @Post('cart') fill(@Req() request: Request): void {
    request.session.cart = ['book'];
  }

  @Get('me') me(@Req() request: Request): object {
    return { user: request.user?.name ?? null, cart: request.session.cart ?? null };
  }

  @Post('logout') async logout(@Req() request: Request): Promise<void> {
    await request.logOut();
  }
}

describe('@fastify/passport, registered in main.ts', () => {
  it('SE1 SE21 SE25 logs in, recognises the visitor and logs out', async () => {
    const auth = new Authenticator();
    auth.registerUserSerializer((user: { name: string }) => Promise.resolve(user.name));
    auth.registerUserDeserializer((name: string) => Promise.resolve({ name }));
    const { visitor: visit } = await startFastify({
      controllers: [PassportController],
      main: async (app) => {
        await app.register(auth.initialize() as never);
        await app.register(auth.secureSession() as never);
      },
    });
    const visitor = visit();
    await visitor.post('/cart');
    const before = visitor.cookie('sid');
    assert.equal((await visitor.post('/login')).status, 201);
    assert.notEqual(visitor.cookie('sid'), before);
    assert.match((await visitor.get('/me')).text, /"user":"ada"/);
    assert.equal((await visitor.post('/logout')).status, 201);
    assert.match((await visitor.get('/me')).text, /"user":null/);
  });
});

@Controller()
class FlashController {
  @Post('say') say(@Req() request: Request): void {
    request.flash('info', 'saved');
  }

  @Get('read') read(@Res({ passthrough: true }) reply: Reply): unknown {
    return reply.flash('info');
  }
}

describe('@fastify/flash, registered in main.ts', () => {
  it('SE25 shows a message once', async () => {
    const { visitor: visit } = await startFastify({
      controllers: [FlashController],
      main: async (app) => void (await app.register(fastifyFlash as never)),
    });
    const visitor = visit();
    assert.equal((await visitor.post('/say')).status, 201);
    assert.equal((await visitor.get('/read')).text, '["saved"]');
    assert.equal((await visitor.get('/read')).text, '[]');
  });
});

@UseSession()
@Controller()
class FormController {
  @Get('form') form(@Res({ passthrough: true }) reply: Reply): object {
    return { token: reply.generateCsrf() };
  }

  @Post('form') send(): string {
    return 'taken';
  }
}

describe('@fastify/csrf-protection with the session, registered in main.ts', () => {
  it('SE25 takes a form with its token and refuses one without', async () => {
    const { visitor: visit } = await startFastify({
      controllers: [FormController],
      main: async (app) => {
        await app.register(fastifyCsrf as never, { sessionPlugin: '@fastify/session' } as never);
        const fastify = app.getHttpAdapter().getInstance();
        fastify.addHook('preHandler', function (request, reply, done) {
          if (request.method === 'POST') fastify.csrfProtection(request, reply, done);
          else done();
        });
      },
    });
    const visitor = visit();
    assert.equal((await visitor.post('/form')).status, 403);
    const { token } = JSON.parse((await visitor.get('/form')).text) as { token: string };
    assert.equal((await visitor.post('/form', { headers: { 'csrf-token': token } })).text, 'taken');
    assert.equal((await visit().post('/form', { headers: { 'csrf-token': token } })).status, 403);
  });
});
