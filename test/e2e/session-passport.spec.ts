import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { promisify } from 'node:util';
import type { Session } from '../../lib/session-http/nest/session.decorator.js';
import { loadSession } from '../../lib/session-http/nest/load-session.js';
import { startApp, type TestApp } from '../support/http-app.js';
import { keyFrom, parsedCookie } from '../support/http-request.js';

interface PassportRequest {
  readonly session: Session;
  readonly user?: { name: string };
  logout(callback: (error?: unknown) => void): void;
}

const authenticator = new passport.Passport();
authenticator.use(
  new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false)),
);
authenticator.serializeUser((user, done) => done(null, (user as { name: string }).name));
authenticator.deserializeUser((name: string, done) => done(null, { name }));

@Injectable()
class LocalGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<
      PassportRequest & { login(user: object, done: (error: unknown) => void): void }
    >();
    const user = await new Promise<object | false>((resolve, reject) => {
      const strategy = authenticator.authenticate('local', (error: Error | null, found: object | false) =>
        error === null ? resolve(found) : reject(error),
      ) as (...args: unknown[]) => void;
      strategy(request, http.getResponse(), reject);
    });
    if (user === false) return false;
    await promisify(request.login.bind(request))(user);
    return true;
  }
}

@Controller()
class LoginController {
  @UseGuards(LocalGuard) @Post('login') login(@Req() request: PassportRequest): object {
    return { hello: request.user?.name };
  }

  @Get('me') me(@Req() request: PassportRequest): object {
    return { user: request.user?.name ?? null };
  }

  @Post('logout') async logout(@Req() request: PassportRequest): Promise<string> {
    await promisify(request.logout.bind(request))();
    return 'bye';
  }
}

@Module({ controllers: [LoginController] })
class LoginModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(loadSession, authenticator.session() as (...args: unknown[]) => void).forRoutes('*path');
  }
}

describe('Passport with a local strategy on Express', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp('express', { imports: [LoginModule] });
  });

  afterAll(() => app.close());

  const login = (password: string, cookie?: string): ReturnType<TestApp['send']> =>
    app.send('/login', { method: 'POST', cookie, body: JSON.stringify({ username: 'ada', password }) });

  it('H5 logs in, stays logged in and logs out', async () => {
    const visitor = await app.sessions.create();
    expect((await app.send('/me', { cookie: visitor.key! })).body).toBe('{"user":null}');

    const answer = await login('right', visitor.key!);
    expect(answer).toMatchObject({ status: 201, body: '{"hello":"ada"}' });
    const cookie = keyFrom(answer)!;
    expect(cookie).not.toBe(visitor.key);
    expect(await app.sessions.exists(visitor.key!)).toBe(false);
    expect((await app.send('/me', { cookie })).body).toBe('{"user":"ada"}');

    const farewell = await app.send('/logout', { method: 'POST', cookie });
    expect(farewell.status).toBe(201);
    expect(parsedCookie(farewell.setCookies[0]!).value).not.toBe(cookie);
    expect(await app.sessions.exists(cookie)).toBe(false);
    expect((await app.send('/me', { cookie })).body).toBe('{"user":null}');
  });

  it('H5 a wrong password leaves the session as it was', async () => {
    const visitor = await app.sessions.create();
    expect((await login('wrong', visitor.key!)).status).toBe(403);
    expect(await app.sessions.exists(visitor.key!)).toBe(true);
  });
});
