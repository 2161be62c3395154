import { Controller, Get, Injectable, Req, type Type, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import OAuth2Strategy from 'passport-oauth2';
import OpenIDConnectStrategy from 'passport-openidconnect';
import type { Session } from 'nestjs-codex-redis';
import { TextStore } from '../documented/text-store.js';
import { atEnd, type Recipe, type Running } from './application.js';
import type { Answer, Visitor } from './visitor.js';

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
await provider.start();
atEnd(() => provider.stop());

interface User {
  readonly id: string;
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
    return { id: 'ada' };
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
    return { id };
  }
}

export type OAuthStrategy = 'oauth2' | 'openidconnect';

const controllerOf = (strategy: OAuthStrategy): Type => {
  @UseGuards(AuthGuard(strategy))
  @Controller(strategy)
  class ProviderController {
    @Get('login') login(): void {
      // the guard redirects to the provider
    }

    @Get('back') async back(@Req() { user, session }: { user: User; session: Session }): Promise<string> {
      await session.signIn(user.id);
      return user.id;
    }
  }
  return ProviderController;
};

export const OAuth2Controller = controllerOf('oauth2');
export const OpenIdController = controllerOf('openidconnect');

/** An application whose visitors log in at a provider elsewhere. */
export const withProvider = (controllers: readonly Type[]): Recipe<NestExpressApplication> => ({
  imports: [PassportModule.register({ session: false })],
  controllers: [...controllers],
  providers: [OAuth2, OpenId],
});

/** Asks for a login, is sent to the provider, and gives the path that the provider sends the browser back to. */
export const goToProvider = async (
  strategy: OAuthStrategy,
  visitor: Visitor,
  { url }: Running,
): Promise<string> => {
  const away = await visitor.get(`/${strategy}/login`);
  const back = await fetch(away.headers.get('location') ?? '', { redirect: 'manual' });
  const { pathname, search } = new URL(back.headers.get('location') ?? '', url);
  return pathname + search;
};

export const logInAtProvider = async (
  strategy: OAuthStrategy,
  visitor: Visitor,
  running: Running,
): Promise<Answer> => visitor.get(await goToProvider(strategy, visitor, running));
