import { Controller, Get, Post, Req } from '@nestjs/common';
import flash from 'connect-flash';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import morgan from 'morgan';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pinoHttp } from 'pino-http';
import { Session, SkipSession } from 'nestjs-codex-redis';
import { RedisServer } from '../support/redis-server.js';
import { useCsrf } from './documented/csrf.js';
import { startExpress } from './support/application.js';

interface Request {
  readonly session: Session<{ user: string }> | undefined;
  readonly sessionID?: string;
  flash(kind: string, message?: string): unknown;
  csrfToken?(): string;
}

@Controller()
class ShopController {
  @Post('say') say(@Req() request: Request): void {
    request.flash('info', 'saved');
  }

  @Get('read') read(@Req() request: Request): unknown {
    return request.flash('info');
  }

  @Post('login') async login(@Session() session: Session<{ user: string }>): Promise<string> {
    await session.cycleKey();
    session.user = 'ada';
    return 'welcome '.repeat(1000);
  }

  @Get('me') me(@Session('user') user: string | undefined): object {
    return { user: user ?? null };
  }

  @SkipSession() @Get('skipped') skipped(): string {
    return 'ok';
  }

  @Get('token') token(@Req() request: Request): object {
    return { token: request.csrfToken?.() };
  }

  @Post('form') form(): string {
    return 'taken';
  }
}

describe('connect-flash on Express, wired in main.ts', () => {
  it('SE1 SE25 shows a message once', async () => {
    const { visitor: visit } = await startExpress({
      controllers: [ShopController],
      main: (app) => void app.use(flash()),
    });
    const visitor = visit();
    assert.equal((await visitor.post('/say')).status, 201);
    assert.equal((await visitor.get('/read')).text, '["saved"]');
    assert.equal((await visitor.get('/read')).text, '[]');
  });
});

describe('csrf-csrf on Express, wired in main.ts', () => {
  it('SE24 SE25 takes forms before and after a login', async () => {
    const { doubleCsrfProtection } = doubleCsrf({
      getSecret: () => 'a secret for the tokens',
      // a visitor without a session has no key yet
      getSessionIdentifier: (request) => (request as unknown as Request).sessionID ?? 'no session yet',
      cookieName: 'csrf',
      cookieOptions: { secure: false },
    });
    const { visitor: visit } = await startExpress({
      controllers: [ShopController],
      main: (app) => void app.use(cookieParser(), doubleCsrfProtection),
    });
    const visitor = visit();
    const token = async (): Promise<Record<string, string>> => ({
      'x-csrf-token': (JSON.parse((await visitor.get('/token')).text) as { token: string }).token,
    });
    assert.equal((await visitor.post('/login')).status, 403);
    assert.equal((await visitor.post('/login', { headers: await token() })).status, 201);
    assert.equal((await visitor.post('/form')).status, 403);
    assert.equal((await visitor.post('/form', { headers: await token() })).text, 'taken');
    assert.equal((await visitor.get('/me')).text, '{"user":"ada"}');
  });

  it('SE25 wired as the page shows, it neither refuses nor gives a token while Redis is down', async () => {
    const server = await RedisServer.start();
    const { visitor: visit } = await startExpress({
      controllers: [ShopController],
      options: { url: server.url },
      main: useCsrf,
    });
    const visitor = visit();
    const { token } = JSON.parse((await visitor.get('/token')).text) as { token: string };
    assert.equal((await visitor.post('/login', { headers: { 'x-csrf-token': token } })).status, 201);
    await server.stop();
    assert.equal((await visitor.get('/token')).status, 503);
    assert.equal((await visitor.post('/form', { headers: { 'x-csrf-token': token } })).status, 503);
  });
});

describe('access logs on Express, wired in main.ts', () => {
  const PAGES = ['/me', '/skipped', '/no-such-page'];
  const lines: string[] = [];
  const logs = {
    morgan: () => {
      morgan.token('user', (request) => (request as unknown as Request).session?.user ?? 'nobody');
      return morgan(':url :status :user', { stream: { write: (line) => lines.push(line.trim()) } });
    },
    'pino-http': () =>
      pinoHttp(
        {
          customSuccessMessage: (request, response) =>
            `${request.url ?? ''} ${response.statusCode} ${(request as unknown as Request).session?.user ?? 'nobody'}`,
        },
        { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) },
      ),
  };
  for (const [name, make] of Object.entries(logs))
    it(`SE1 SE8 SE25 ${name} names the user of each request`, async () => {
      const { visitor: visit } = await startExpress({
        controllers: [ShopController],
        main: (app) => void app.use(make()),
      });
      const visitor = visit();
      await visitor.post('/login');
      lines.length = 0;
      for (const page of PAGES) await visitor.get(page);
      await visit().get('/me');
      assert.deepEqual(lines, ['/me 200 ada', '/skipped 200 ada', '/no-such-page 404 ada', '/me 200 nobody']);
    });
});

describe('helmet, compression and express-rate-limit on Express, wired in main.ts', () => {
  it('SE1 SE25 leave the session as it is and may read it', async () => {
    const counted: string[] = [];
    const { visitor: visit } = await startExpress({
      controllers: [ShopController],
      main: (app) =>
        void app.use(
          helmet(),
          compression({ threshold: 100 }),
          rateLimit({
            limit: 3,
            validate: false,
            keyGenerator: (request) => {
              const key = (request as unknown as Request).session?.user ?? 'nobody';
              counted.push(key);
              return key;
            },
          }),
        ),
    });
    const visitor = visit();
    const welcome = await visitor.post('/login');
    assert.equal(welcome.headers.get('content-encoding'), 'gzip');
    assert.equal(welcome.text.length, 8000);
    const statuses = [];
    for (let asked = 0; asked < 4; asked++) statuses.push((await visitor.get('/me')).status);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    assert.deepEqual(counted, ['nobody', 'ada', 'ada', 'ada', 'ada']);
    assert.equal((await visit().get('/me')).status, 200);
  });
});
