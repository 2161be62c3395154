import { Controller, Get, Injectable, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import OAuth2Strategy from 'passport-oauth2';
import OpenIDConnectStrategy from 'passport-openidconnect';
import { type Session, UseSession } from 'nestjs-codex-redis';
import { startExpress } from './support/application.js';

const CLIENT_SECRET = 'the secret of the client';

/** A provider of OAuth 2 and OpenID Connect that lets everybody in as ada. */
class Provider {
  readonly #nonces = new Map<string, string>();
  readonly #server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === '/authorize') {
      const code = randomUUID();
      this.#nonces.set(code, url.searchParams.get('nonce') ?? '');
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const nonce = this.#nonces.get(new URLSearchParams(body).get('code') ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ access_token: 'token', token_type: 'Bearer', id_token: this.#idToken(nonce) }),
      );
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo | null)?.port ?? 0}`;
  }

  stop(): void {
    this.#server.close();
  }

  #idToken(nonce: string | undefined): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, sub: 'ada', aud: 'shop', exp: now + 60, iat: now, auth_time: now, nonce };
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'HS256' })}.${part(claims)}`;
    return `${signed}.${createHmac('sha256', CLIENT_SECRET).update(signed).digest('base64url')}`;
  }
}

const provider = new Provider();
before(() => provider.start());
after(() => provider.stop());

interface User {
  readonly name: string;
}

interface Request {
  readonly user?: User;
  readonly session: Session<{ user: string; openid: string }>;
}

/** Keeps the state of a login as text: what passport-openidconnect would keep has a Date in it. */
class TextStore {
  store(
    request: Request,
    context: { issued?: Date },
    appState: unknown,
    _meta: unknown,
    done: (error: null, handle: string) => void,
  ): void {
    const handle = randomUUID();
    request.session.openid = JSON.stringify({ handle, context, appState });
    done(null, handle);
  }

  verify(
    request: Request,
    handle: string,
    done: (error: null, context: object | false, state?: unknown) => void,
  ): void {
    const kept = JSON.parse(request.session.openid ?? '{}') as {
      handle?: string;
      context: { issued?: string };
      appState?: unknown;
    };
    delete (request.session as Partial<{ openid: string }>).openid;
    if (kept.handle !== handle) return done(null, false);
    const { issued, ...context } = kept.context;
    done(null, { ...context, ...(issued !== undefined && { issued: new Date(issued) }) }, kept.appState);
  }
}

@Injectable()
class OAuth2 extends PassportStrategy(OAuth2Strategy, 'oauth2') {
  constructor() {
    super({
      authorizationURL: `${provider.url}/authorize`,
      tokenURL: `${provider.url}/token`,
      clientID: 'shop',
      clientSecret: CLIENT_SECRET,
      callbackURL: '/oauth2/back',
      state: true,
    } as never);
  }

  validate(): User {
    return { name: 'ada' };
  }
}

@Injectable()
class OpenId extends PassportStrategy(OpenIDConnectStrategy, 'openidconnect') {
  constructor() {
    super({
      issuer: provider.url,
      authorizationURL: `${provider.url}/authorize`,
      tokenURL: `${provider.url}/token`,
      userInfoURL: `${provider.url}/userinfo`,
      skipUserProfile: true,
      clientID: 'shop',
      clientSecret: CLIENT_SECRET,
      callbackURL: '/openidconnect/back',
      maxAge: 600,
      store: new TextStore(),
    } as never);
  }

  validate(_issuer: string, { id }: { id: string }): User {
    return { name: id };
  }
}

const controllers = (['oauth2', 'openidconnect'] as const).map((strategy) => {
  @UseSession()
  @Controller(strategy)
  class LoginController {
    @UseGuards(AuthGuard(strategy)) @Get('login') login(): void {
      // the guard redirects to the provider
    }

    @UseGuards(AuthGuard(strategy)) @Get('back') async back(@Req() request: Request): Promise<string> {
      await request.session.cycleKey();
      request.session.user = request.user?.name ?? 'nobody';
      return request.session.user;
    }

    @Get('me') me(@Req() request: Request): string {
      return request.session.user ?? 'nobody';
    }
  }
  return LoginController;
});

describe('@nestjs/passport with a provider elsewhere, on Express', () => {
  for (const strategy of ['oauth2', 'openidconnect'])
    it(`SE25 ${strategy} logs in by a redirect and refuses a forged state`, async () => {
      const { visitor: visit, url } = await startExpress({
        imports: [PassportModule.register({ session: false })],
        controllers,
        providers: [OAuth2, OpenId],
      });
      const visitor = visit();
      const away = await visitor.get(`/${strategy}/login`);
      assert.equal(away.status, 302);
      const back = await fetch(away.headers.get('location')!, { redirect: 'manual' });
      const location = new URL(back.headers.get('location')!, url);
      const stranger = await visit().get(location.pathname + location.search);
      assert.ok([401, 403].includes(stranger.status));
      const answer = await visitor.get(location.pathname + location.search);
      assert.deepEqual([answer.status, answer.text], [200, 'ada']);
      assert.equal((await visitor.get(`/${strategy}/me`)).text, 'ada');
      const forged = await visitor.get(`/${strategy}/back?code=x&state=forged`);
      assert.notEqual(forged.status, 200);
    });
});
