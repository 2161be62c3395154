import { type CanActivate, type ExecutionContext, Injectable, UseGuards } from '@nestjs/common';
import { ApolloDriver } from '@nestjs/apollo';
import { Context, GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { type Client, createClient } from 'graphql-ws';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { type CodexRedisOptions, Session, SkipSession } from 'nestjs-codex-redis';
import { CommandStats } from '../support/command-stats.js';
import { RedisServer } from '../support/redis-server.js';
import { type Platform, redisUrl, type Running, startOn } from './support/application.js';
import type { Visitor } from './support/visitor.js';

type Own = Session<{ user: string }>;

/** One round of a subscription. */
async function* once(value: object): AsyncGenerator<unknown> {
  yield await Promise.resolve(value);
}

/** As an application has it for HTTP: it looks at the request, whatever that is. */
@Injectable()
class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { req, request } =
      context.getArgByIndex<Record<'req' | 'request', { session: Own } | undefined>>(2);
    return (req ?? request)?.session.user !== undefined;
  }
}

@Resolver()
class ShopResolver {
  @Query(() => String) me(@Session() session: Own): string {
    return session.user ?? 'nobody';
  }

  @Mutation(() => Boolean) login(@Session() session: Own): boolean {
    session.user = 'ada';
    return true;
  }

  @Mutation(() => Boolean) async logout(@Session() session: Own): Promise<boolean> {
    await session.flush();
    return true;
  }

  @Subscription(() => String) who(@Session() session: Own): AsyncGenerator<unknown> {
    return once({ who: session.user ?? 'nobody' });
  }

  @UseGuards(SignedInGuard) @Subscription(() => String) guarded(): AsyncGenerator<unknown> {
    return once({ guarded: 'let in' });
  }

  @Subscription(() => String) named(@Context('user') user: string): AsyncGenerator<unknown> {
    return once({ named: user });
  }

  @SkipSession() @Subscription(() => String) skipped(): AsyncGenerator<unknown> {
    return once({ skipped: 'no session' });
  }

  @Subscription(() => String) plain(): AsyncGenerator<unknown> {
    return once({ plain: 'no session' });
  }

  @Subscription(() => String) writes(@Session() session: Own): AsyncGenerator<unknown> {
    session.user = 'mallory';
    return once({ writes: session.user });
  }

  @Subscription(() => String) async ends(@Session() session: Own): Promise<AsyncGenerator<unknown>> {
    await session.flush();
    return once({ ends: 'ended' });
  }

  /** Looks again before its only round. */
  @Subscription(() => String) async again(@Session() session: Own): Promise<AsyncGenerator<unknown>> {
    await session.reload();
    return once({ again: session.user });
  }
}

interface Server {
  readonly platform: Platform;
  readonly driver: unknown;
  /** What switches subscriptions on, also for queries and mutations. */
  readonly options: Record<string, unknown>;
  /** How main options may make the context; each leads to the session. */
  readonly wirings: Record<string, Record<string, unknown>>;
  /** Loses the handshake. */
  readonly lost: Record<string, unknown>;
  /** The line that the error names then. */
  readonly fix: Record<string, unknown>;
  readonly named: RegExp;
}

interface Given {
  readonly req?: object;
  readonly extra?: { readonly request: object; user?: string };
}

const apollo = (platform: Platform): Server => ({
  platform,
  driver: ApolloDriver,
  options: { subscriptions: { 'graphql-ws': true } },
  wirings: {
    'no context': {},
    'a context that is nothing': { context: () => undefined },
    "a context of Nest's documentation": {
      context: ({ extra }: Given) => extra,
      subscriptions: {
        'graphql-ws': {
          onConnect: ({ extra }: Required<Given>) => {
            extra.user = 'from onConnect';
          },
        },
      },
    },
    'a context with the request': { context: ({ req, extra }: Given) => ({ req: extra?.request ?? req }) },
    'a context with entries of its own': { context: ({ extra }: Given) => ({ user: extra?.user }) },
    'a context that is a value': { context: { user: 'everybody' } },
    'a context of the connection': {
      subscriptions: { 'graphql-ws': { context: (connection: object) => connection } },
    },
  },
  lost: { subscriptions: { 'graphql-ws': { context: () => ({}) } } },
  fix: {
    subscriptions: { 'graphql-ws': { context: ({ extra }: Required<Given>) => ({ req: extra.request }) } },
  },
  named: /subscriptions: \{ 'graphql-ws': \{ context: \(\{ extra \}\) => \(\{ req: extra\.request \}\) \} \}/,
});

const SERVERS: Record<string, Server> = {
  'Apollo on Express': apollo('express'),
  'Apollo on Fastify': apollo('fastify'),
  'Mercurius on Fastify': {
    platform: 'fastify',
    driver: MercuriusDriver,
    options: { subscription: { fullWsTransport: true } },
    wirings: {
      'subscription: true': { subscription: true },
      'a context of its own': { context: () => ({ user: 'ada' }) },
      'a context of the connection': {
        subscription: { context: (_connection: object, request: object) => ({ req: request }) },
      },
      'entries from onConnect': { subscription: { onConnect: () => ({ user: 'from onConnect' }) } },
    },
    lost: { subscription: { context: () => ({ request: { headers: {} } }) } },
    fix: { subscription: { context: (_connection: object, request: object) => ({ request }) } },
    named: /subscription: \{ context: \(_connection, request\) => \(\{ request \}\) \}/,
  },
};

interface Message {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** A connection of a visitor, which stays open from one operation to the next. */
class Connection {
  readonly #client: Client;

  constructor(url: string, cookie: string) {
    class WithCookie extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers: { cookie } });
      }
    }
    this.#client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WithCookie,
      lazy: false,
    });
  }

  /** The first answer to an operation, also where the operation itself is refused. */
  async ask(query: string): Promise<Message> {
    try {
      for await (const message of this.#client.iterate({ query }))
        return JSON.parse(JSON.stringify(message)) as Message;
      throw new Error('The operation ended without an answer');
    } catch (refused) {
      if (!Array.isArray(refused)) throw refused;
      return { errors: refused as NonNullable<Message['errors']> };
    }
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }
}

const post = async (visitor: Visitor, query: string): Promise<Message> =>
  JSON.parse((await visitor.post('/graphql', { body: { query } })).text) as Message;

describe('GraphQL over a WebSocket', () => {
  for (const [name, { platform, driver, options, wirings, lost, fix, named }] of Object.entries(SERVERS))
    describe(name, () => {
      const start = (further: object = {}, session: CodexRedisOptions['session'] = {}): Promise<Running> =>
        startOn(platform, {
          options: { session },
          providers: [ShopResolver, SignedInGuard],
          imports: [GraphQLModule.forRoot({ driver, autoSchemaFile: true, ...options, ...further } as never)],
        });

      /** A visitor who is logged in, and a connection of theirs. */
      const connect = async ({ url, visitor: visit }: Running): Promise<[Visitor, Connection]> => {
        const visitor = visit();
        assert.deepEqual(await post(visitor, 'mutation { login }'), { data: { login: true } });
        return [visitor, new Connection(url, visitor.cookieHeader)];
      };

      for (const [wiring, further] of Object.entries(wirings))
        it(`SE27 a subscription reads the session of its handshake with ${wiring}`, async () => {
          const running = await start(further);
          const [, connection] = await connect(running);
          assert.deepEqual(await connection.ask('subscription { who }'), { data: { who: 'ada' } });
          await connection.close();
          const stranger = new Connection(running.url, '');
          assert.deepEqual(await stranger.ask('subscription { who }'), { data: { who: 'nobody' } });
          await stranger.close();
        });

      it('SE27 the session of a subscription is read-only', async () => {
        const running = await start();
        const [visitor, connection] = await connect(running);
        for (const query of ['subscription { writes }', 'subscription { ends }', 'mutation { login }']) {
          const { errors } = await connection.ask(query);
          assert.match(errors?.[0]?.message ?? '', /session of a WebSocket is read-only/);
          assert.equal(errors?.[0]?.extensions?.code, 'CODEX_REDIS_SESSION_STATE');
        }
        assert.deepEqual(await post(visitor, '{ me }'), { data: { me: 'ada' } });
        await connection.close();
      });

      it('SE27 each operation of a connection loads it once, and finds whether it has ended', async () => {
        const running = await start();
        const [visitor, connection] = await connect(running);
        await connection.ask('{ me }');
        const stats = await CommandStats.of(await redisUrl());
        const several = '{ first: me second: me third: me }';
        const counts = await stats.during(async () =>
          assert.deepEqual(await connection.ask(several), {
            data: { first: 'ada', second: 'ada', third: 'ada' },
          }),
        );
        assert.deepEqual({ get: counts['get'] }, { get: 1 });
        stats.close();
        assert.deepEqual(await connection.ask('subscription { again }'), { data: { again: 'ada' } });
        await post(visitor, 'mutation { logout }');
        assert.deepEqual(await connection.ask('subscription { who }'), { data: { who: 'nobody' } });
        assert.deepEqual(await connection.ask('{ me }'), { data: { me: 'nobody' } });
        await connection.close();
      });

      it('SE1 SE27 a guard finds the session on the request, as over HTTP', async () => {
        const running = await start();
        const [visitor, connection] = await connect(running);
        assert.deepEqual(await connection.ask('subscription { guarded }'), { data: { guarded: 'let in' } });
        await post(visitor, 'mutation { logout }');
        const { errors } = await connection.ask('subscription { guarded }');
        assert.match(errors?.[0]?.message ?? '', /Forbidden/);
        await connection.close();
      });

      it("SE6 SE7 with session.load 'declared' only operations that ask for it load it", async () => {
        const running = await start({}, { load: 'declared' });
        const [, connection] = await connect(running);
        await connection.ask('subscription { plain }');
        const stats = await CommandStats.of(await redisUrl());
        const counts = await stats.during(async () => {
          await connection.ask('subscription { plain }');
          await connection.ask('subscription { skipped }');
        });
        assert.equal(counts['get'], undefined);
        stats.close();
        assert.deepEqual(await connection.ask('subscription { who }'), { data: { who: 'ada' } });
        await connection.close();
      });

      it('SE3 SE9 on an excluded path an operation is told so, and nothing is loaded', async () => {
        const running = await start({}, { exclude: ['graphql'] });
        const connection = new Connection(running.url, `sid=${'a'.repeat(32)}`);
        const { errors } = await connection.ask('subscription { who }');
        assert.match(errors?.[0]?.message ?? '', /path \/graphql is one of session\.exclude/);
        await connection.close();
      });

      it('SE9 SE27 where the handshake is lost the error names the line that hands it on', async () => {
        const running = await start(lost);
        const [, connection] = await connect(running);
        const { errors } = await connection.ask('subscription { who }');
        assert.match(errors?.[0]?.message ?? '', named);
        await connection.close();
        const mended = await start(fix);
        const [, again] = await connect(mended);
        assert.deepEqual(await again.ask('subscription { who }'), { data: { who: 'ada' } });
        await again.close();
      });

      it('SE5 SE27 while Redis is down only what touches the session fails', async () => {
        const server = await RedisServer.start();
        const running = await start({}, { url: server.url });
        const [, connection] = await connect(running);
        await connection.ask('{ me }');
        await server.stop();
        assert.deepEqual(await connection.ask('subscription { skipped }'), {
          data: { skipped: 'no session' },
        });
        assert.deepEqual(await connection.ask('subscription { plain }'), { data: { plain: 'no session' } });
        const { errors } = await connection.ask('subscription { who }');
        assert.equal(errors?.[0]?.message, 'Service Unavailable');
        assert.match(errors[0].extensions?.code ?? '', /^CODEX_REDIS_(CONNECTION|TIMEOUT)$/);
        await connection.close();
      });
    });
});
