import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  type INestApplication,
  Post,
  type Provider,
  Req,
} from '@nestjs/common';
import { ApolloDriver } from '@nestjs/apollo';
import { APP_FILTER } from '@nestjs/core';
import { GraphQLModule, ObjectType, Parent, Query, ResolveField, Resolver, Field } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { before, describe, it } from 'node:test';
import { CodexRedisError, Session } from 'nestjs-codex-redis';
import { WebSocket } from 'ws';
import { RedisServer } from '../support/redis-server.js';
import { useFastifyPassport } from './documented/fastify-passport.js';
import { type Platform, type Running, startOn } from './support/application.js';
import type { Answer, Visitor } from './support/visitor.js';

type Own = Session<{ user: string }>;

@ObjectType()
class Basket {
  @Field(() => String) declare owner: string;
}

@Resolver(() => Basket)
class ShopResolver {
  @Query(() => String) me(@Session() session: Own): string {
    return session.user ?? 'nobody';
  }

  @Query(() => String) plain(): string {
    return 'plain';
  }

  @Query(() => Basket) basket(): object {
    return {};
  }

  @ResolveField(() => String) owner(@Parent() _: Basket, @Session() session: Own): string {
    return session.user ?? 'nobody';
  }
}

@Controller()
class ShopController {
  @Post('login') login(@Session() session: Own): void {
    session.user = 'ada';
  }

  @Get('plain') plain(): string {
    return 'plain';
  }

  @Get('read') read(@Req() request: { session: Own }): string {
    return request.session.user ?? 'nobody';
  }
}

interface Request {
  readonly session: Own;
}

interface Wiring {
  readonly options?: object;
  readonly main?: (app: INestApplication) => Promise<void> | void;
}

const hook =
  (name: 'onRequest' | 'preValidation' | 'preHandler') =>
  (app: INestApplication): void =>
    void (app as NestFastifyApplication)
      .getHttpAdapter()
      .getInstance()
      .addHook(name as 'onRequest', (request, _reply, done) => {
        void (request as unknown as Request).session.user;
        done();
      });

const middleware = (app: INestApplication): void =>
  void app.use((request: Request, _response: unknown, next: () => void) => {
    void request.session.user;
    next();
  });

/** The places where code that is not of the application's handlers may be the first to ask for the session. */
const FIRST: Record<string, readonly [Platform, Wiring['main']]> = {
  '@fastify/passport': ['fastify', (app) => useFastifyPassport(app as NestFastifyApplication)],
  'an onRequest hook': ['fastify', hook('onRequest')],
  'a preValidation hook': ['fastify', hook('preValidation')],
  'a preHandler hook': ['fastify', hook('preHandler')],
  'middleware on Fastify': ['fastify', middleware],
  'middleware on Express': ['express', middleware],
};

const DRIVERS: Record<string, readonly [Platform, object | undefined]> = {
  'no GraphQL, Express': ['express', undefined],
  'no GraphQL, Fastify': ['fastify', undefined],
  'Apollo on Express': ['express', { driver: ApolloDriver }],
  'Apollo on Fastify': ['fastify', { driver: ApolloDriver }],
  'Mercurius on Fastify': ['fastify', { driver: MercuriusDriver }],
};

const context = (given: Request | { req: Request }): object => {
  const req = 'req' in given ? given.req : given;
  return { req, user: req.session.user };
};

const server = RedisServer.start();

const start = async (
  platform: Platform,
  { options, main }: Wiring,
  providers: readonly Provider[] = [],
): Promise<Running> =>
  startOn(platform, {
    controllers: [ShopController],
    providers: [...(options === undefined ? [] : [ShopResolver]), ...providers],
    imports:
      options === undefined ? [] : [GraphQLModule.forRoot({ autoSchemaFile: true, ...options } as never)],
    options: { url: (await server).url },
    ...(main !== undefined && { main }),
  });

/** A visitor who has logged in. */
const visit = async (...application: Parameters<typeof start>): Promise<Visitor> => {
  const visitor = (await start(...application)).visitor();
  assert.equal((await visitor.post('/login')).status, 201);
  return visitor;
};

const CODE = /^CODEX_REDIS_(CONNECTION|TIMEOUT)$/;

const assertUnavailable = ({ status, text, headers }: Answer): void => {
  const { code, ...body } = JSON.parse(text) as { code: string };
  assert.deepEqual([status, body], [503, { statusCode: 503, message: 'Service Unavailable' }]);
  assert.match(code, CODE);
  assert.equal(headers.get('retry-after'), '1');
};

const ask = (visitor: Visitor, query: string): Promise<Answer> =>
  visitor.post('/graphql', { body: { query } });

interface GraphqlAnswer {
  readonly errors: readonly { message: string; extensions: { code: string } }[];
}

const assertPublic = (answer: Answer, status: number, message: string): void => {
  assert.equal(answer.status, status);
  const { errors } = JSON.parse(answer.text) as GraphqlAnswer;
  assert.deepEqual(
    errors.map((error) => [error.message, Object.keys(error.extensions)]),
    [[message, ['code']]],
  );
  assert.match(errors[0]?.extensions.code ?? '', CODE);
};

/** Each case's visitor comes while Redis is up; the tests begin when it is down. */
const cases: { title: string; visitor: () => Promise<Visitor>; ask: (visitor: Visitor) => Promise<void> }[] =
  [];

for (const [driver, [platform, options]] of Object.entries(DRIVERS)) {
  const isApollo = driver.startsWith('Apollo');
  for (const [place, [where, main]] of Object.entries(FIRST))
    if (where === platform)
      cases.push({
        title: `${driver}: each route answers the same 503 when ${place} is the first to ask`,
        visitor: () => visit(platform, { ...(options && { options }), ...(main && { main }) }),
        ask: async (visitor) => {
          for (const path of ['/plain', '/read', '/unknown']) assertUnavailable(await visitor.get(path));
          if (options !== undefined)
            for (const query of ['{ me }', '{ plain }']) assertUnavailable(await ask(visitor, query));
        },
      });
  if (options === undefined) continue;
  cases.push(
    {
      title: `${driver}: a resolver's failure stands beside its data, with 200`,
      visitor: () => visit(platform, { options: { ...options, fieldResolverEnhancers: ['filters'] } }),
      ask: async (visitor) => {
        assertPublic(await ask(visitor, '{ me }'), 200, 'Service Unavailable');
        assertPublic(await ask(visitor, '{ basket { owner } }'), 200, 'Service Unavailable');
        assert.match((await ask(visitor, '{ plain }')).text, /"plain":"plain"/);
      },
    },
    {
      title: `${driver}: a function that makes the context fails with 503`,
      visitor: () => visit(platform, { options: { ...options, context } }),
      ask: async (visitor) => {
        const answer = await ask(visitor, '{ plain }');
        if (!isApollo) return assertUnavailable(answer);
        assertPublic(answer, 503, 'Context creation failed: Service Unavailable');
        assert.equal(answer.headers.get('retry-after'), '1');
      },
    },
  );
}

@Catch(CodexRedisError)
class OwnFilter implements ExceptionFilter {
  catch(_: unknown, host: ArgumentsHost): void {
    host
      .switchToHttp()
      .getResponse<{ status(code: number): { send(text: string): void } }>()
      .status(599)
      .send('mine');
  }
}

cases.push({
  title: 'a filter of the application answers what a hook met beside Mercurius',
  visitor: () =>
    visit('fastify', { options: { driver: MercuriusDriver }, main: hook('onRequest') }, [
      { provide: APP_FILTER, useClass: OwnFilter },
    ]),
  ask: async (visitor) => {
    for (const path of ['/plain', '/graphql']) {
      const { status, text } = await visitor.get(path);
      assert.deepEqual([status, text], [599, 'mine']);
    }
  },
});

cases.push({
  title: 'Mercurius still answers the errors of others that a hook met on its route',
  visitor: () =>
    visit('fastify', {
      options: { driver: MercuriusDriver },
      main: (app) => {
        const instance = (app as NestFastifyApplication).getHttpAdapter().getInstance();
        instance.addHook('onRequest', (request, _reply, done) => {
          done(
            request.method === 'GET' ? Object.assign(new Error('teapot'), { statusCode: 418 }) : undefined,
          );
        });
      },
    }),
  ask: async (visitor) => {
    const { status, text } = await visitor.get('/graphql?query={plain}');
    assert.deepEqual([status, text.includes('"errors":[{"message":"teapot"')], [418, true]);
  },
});

let sockets = '';

cases.push({
  title: 'Mercurius refuses a WebSocket with 503 when @fastify/passport is the first to ask',
  visitor: async () => {
    const running = await start('fastify', {
      options: { driver: MercuriusDriver, subscription: true },
      main: (app) => useFastifyPassport(app as NestFastifyApplication),
    });
    sockets = `${running.url.replace('http', 'ws')}/graphql`;
    const visitor = running.visitor();
    await visitor.post('/login');
    return visitor;
  },
  ask: async ({ cookieHeader: cookie }) => {
    const socket = new WebSocket(sockets, 'graphql-transport-ws', { headers: { cookie } });
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(answer.statusCode, 503);
    const text = (await answer.toArray()).join('');
    assert.match(text, /^\{"statusCode":503,"message":"Service Unavailable","code":"CODEX_REDIS_\w+"\}$/);
  },
});

describe('SE5 SE27 while Redis is down', () => {
  const visitors = new Map<string, Visitor>();
  before(async () => {
    for (const { title, visitor } of cases) visitors.set(title, await visitor());
    await (await server).stop();
  });
  for (const { title, ask: assertAnswers } of cases)
    it(title, async () => {
      const visitor = visitors.get(title);
      assert.ok(visitor);
      await assertAnswers(visitor);
      assert.ok(visitor.cookie('sid'));
    });
});
