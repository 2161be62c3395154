import {
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Req,
  Session as NestSession,
  UseGuards,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import passport from 'passport';
import { Strategy } from 'passport-local';
import type { Session } from 'nestjs-codex-redis';
import { type Recipe, startExpress } from './support/application.js';
import type { Answer, Visitor } from './support/visitor.js';

interface User {
  readonly name: string;
}

interface PassportRequest {
  readonly user?: User;
  readonly session: Session<{ cart: string[] }>;
  logout(options: object, done: (error?: unknown) => void): void;
}

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(name: string, password: string): User | null {
    return password === 'right' ? { name } : null;
  }
}

@Injectable()
class Names extends PassportSerializer {
  serializeUser(user: User, done: (error: null, name: string) => void): void {
    done(null, user.name);
  }

  deserializeUser(name: string, done: (error: null, user: User) => void): void {
    done(null, { name });
  }
}

@Injectable()
class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest());
    return allowed;
  }
}

@Controller()
class AccountController {
  @UseGuards(LoginGuard) @Post('login') login(@Req() request: PassportRequest): object {
    return { user: request.user?.name, cart: request.session.cart ?? null };
  }

  @Get('me') me(@Req() request: PassportRequest): object {
    return { user: request.user?.name ?? null };
  }

  @Post('cart') fill(@NestSession() session: Session<{ cart: string[] }>): void {
    session.cart = [...(session.cart ?? []), 'book'];
  }

  @Post('logout') async logout(@Req() request: PassportRequest): Promise<void> {
    await promisify(request.logout.bind(request))({});
  }
}

const recipe = (keepSessionInfo = false): Recipe<NestExpressApplication> => ({
  imports: [PassportModule.register({ session: true, keepSessionInfo })],
  controllers: [AccountController],
  providers: [LocalStrategy, Names],
  main: (app) => void app.use(passport.initialize(), passport.session()),
});

const login = (visitor: Visitor, password = 'right'): Promise<Answer> =>
  visitor.post('/login', { body: { username: 'ada', password } });

describe('@nestjs/passport on Express, wired in main.ts', () => {
  it('SE1 SE25 logs in, recognises the visitor and logs out', async () => {
    const visitor = (await startExpress(recipe())).visitor();
    assert.equal((await visitor.get('/me')).text, '{"user":null}');
    await visitor.post('/cart');
    const before = visitor.cookie('sid');

    assert.deepEqual([(await login(visitor)).status, visitor.cookie('sid') === before], [201, false]);
    assert.equal((await visitor.get('/me')).text, '{"user":"ada"}');

    const loggedIn = visitor.cookie('sid');
    assert.equal((await visitor.post('/logout')).status, 201);
    assert.equal((await visitor.get('/me')).text, '{"user":null}');
    assert.notEqual(visitor.cookie('sid'), loggedIn);
  });

  it('SE22 keeps with keepSessionInfo what the visitor had', async () => {
    const visitor = (await startExpress(recipe(true))).visitor();
    await visitor.post('/cart');
    assert.equal((await login(visitor)).text, '{"user":"ada","cart":["book"]}');
  });

  it('SE25 changes nothing for a wrong password', async () => {
    const visitor = (await startExpress(recipe())).visitor();
    await visitor.post('/cart');
    const before = visitor.cookie('sid');
    assert.equal((await login(visitor, 'wrong')).status, 401);
    assert.equal(visitor.cookie('sid'), before);
    assert.equal((await visitor.get('/me')).text, '{"user":null}');
  });
});
