import { ConflictException, Inject } from '@nestjs/common';
import { ApolloDriver } from '@nestjs/apollo';
import { Args, Context, GraphQLModule, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { GraphQLError } from 'graphql';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cacheable, CacheService, RedisUnavailableError, Session } from 'nestjs-codex-redis';
import { type Platform, type Running, startOn } from './support/application.js';
import type { Visitor } from './support/visitor.js';

type Own = Session<{ visits: number; user: string }>;

@Resolver()
class ShopResolver {
  constructor(@Inject(CacheService) private readonly cache: CacheService) {}

  @Query(() => String) me(@Session() session: Own): string {
    return session.user ?? 'nobody';
  }

  @Query(() => String) early(@Context('user') user: string | undefined): string {
    return user ?? 'nobody';
  }

  @Mutation(() => Boolean) login(@Session() session: Own): boolean {
    session.user = 'ada';
    return true;
  }

  @Mutation(() => Boolean) async halfLogin(@Session() session: Own): Promise<boolean> {
    await session.cycleKey();
    session.user = 'mallory';
    throw new Error('the second factor could not be asked for');
  }

  @Mutation(() => Boolean) conflict(@Session() session: Own): boolean {
    session.user = 'eve';
    throw new ConflictException('taken');
  }

  @Mutation(() => Boolean) ownStatus(@Session() session: Own): boolean {
    session.user = 'grace';
    throw new GraphQLError('no', { extensions: { http: { status: 422 } } });
  }

  @Query(() => Boolean) failing(@Session() session: Own): boolean {
    session.user = 'mallory';
    throw new Error('a query that failed');
  }

  @Mutation(() => Boolean) unavailable(@Session() session: Own): boolean {
    session.user = 'mallory';
    throw new GraphQLError('no', { extensions: { http: { status: 503 } } });
  }

  #runs = 0;

  @Query(() => Int)
  @Cacheable((id: number) => ['resolved', id])
  resolved(@Args('id', { type: () => Int }) id: number): Promise<number> {
    return Promise.resolve(id * 100 + ++this.#runs);
  }

  @Query(() => Number) count(): Promise<number> {
    return this.cache.incr('never set');
  }

  @Query(() => Number) full(): number {
    throw new RedisUnavailableError('OOM');
  }
}

const SERVERS: Record<string, { platform: Platform; options: object }> = {
  'Apollo on Express': { platform: 'express', options: { driver: ApolloDriver } },
  'Apollo on Fastify': { platform: 'fastify', options: { driver: ApolloDriver } },
  'Mercurius on Fastify': { platform: 'fastify', options: { driver: MercuriusDriver } },
};

const ask = async (visitor: Visitor, query: string): Promise<Record<string, unknown>> => {
  const { text } = await visitor.post('/graphql', { body: { query } });
  return JSON.parse(text) as Record<string, unknown>;
};

const me = async (visitor: Visitor): Promise<unknown> =>
  ((await ask(visitor, '{ me }'))['data'] as { me: string }).me;

describe('GraphQL', () => {
  for (const [name, { platform, options }] of Object.entries(SERVERS))
    describe(name, () => {
      const start = (further: object = {}): Promise<Running> =>
        startOn(platform, {
          providers: [ShopResolver],
          imports: [GraphQLModule.forRoot({ autoSchemaFile: true, ...options, ...further } as never)],
        });

      it('SE1 SE27 a query and a mutation share the session of their visitor', async () => {
        const { visitor: visit } = await start();
        const visitor = visit();
        assert.equal(await me(visitor), 'nobody');
        assert.deepEqual((await ask(visitor, 'mutation { login }'))['data'], { login: true });
        assert.equal(await me(visitor), 'ada');
        assert.equal(await me(visit()), 'nobody');
      });

      it('SE1 a function that makes the context finds the session loaded', async () => {
        type Request = { session: Own };
        const context = (given: Request | { req: Request }): object => {
          const req = 'req' in given ? given.req : given;
          return { req, user: req.session.user };
        };
        const { visitor: visit } = await start({ context });
        const visitor = visit();
        await ask(visitor, 'mutation { login }');
        assert.deepEqual((await ask(visitor, '{ early }'))['data'], { early: 'ada' });
      });

      it('SE27 an operation saves nothing when one of its mutations failed', async () => {
        const { visitor: visit } = await start();
        const visitor = visit();
        await ask(visitor, 'mutation { login }');
        const answer = await ask(visitor, 'mutation { halfLogin }');
        assert.ok(Array.isArray(answer['errors']));
        assert.equal(await me(visitor), 'ada');
        await ask(visitor, 'mutation { first: halfLogin second: login }');
        assert.equal(await me(visitor), 'ada');
        await ask(visitor, 'mutation { unavailable }');
        assert.equal(await me(visitor), 'ada');
      });

      it('SE27 nor when one of its queries failed', async () => {
        const { visitor: visit } = await start();
        const visitor = visit();
        await ask(visitor, 'mutation { login }');
        await ask(visitor, '{ me failing }');
        assert.equal(await me(visitor), 'ada');
      });

      it('DE1 a resolver with @Cacheable() runs once for each argument', async () => {
        const { visitor: visit } = await start();
        const resolved = async (id: number): Promise<unknown> =>
          (await ask(visit(), `{ resolved(id: ${id}) }`))['data'];
        for (const id of [7, 7]) assert.deepEqual(await resolved(id), { resolved: 701 });
        assert.deepEqual(await resolved(8), { resolved: 802 });
      });

      it('SE27 errors of the module carry their code', async () => {
        const { visitor: visit } = await start();
        const { errors } = await ask(visit(), '{ count }');
        const [{ extensions }] = errors as [{ extensions: { code: string } }];
        assert.equal(extensions.code, 'CODEX_REDIS_CACHE_KEY_NOT_FOUND');
      });

      it('CN15 an error of HTTP carries its code and the words for clients', async () => {
        const { visitor: visit } = await start();
        const { errors } = await ask(visit(), '{ full }');
        const [{ message, extensions }] = errors as [{ message: string; extensions: { code: string } }];
        assert.equal(message, 'Service Unavailable');
        assert.equal(extensions.code, 'CODEX_REDIS_UNAVAILABLE');
      });

      it('SE27 an operation refused with less than 500 saves', async () => {
        const { visitor: visit } = await start();
        const visitor = visit();
        await ask(visitor, 'mutation { conflict }');
        assert.equal(await me(visitor), 'eve');
        await ask(visitor, 'mutation { ownStatus }');
        assert.equal(await me(visitor), 'grace');
      });
    });
});
