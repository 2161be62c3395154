import { ApolloServer } from '@apollo/server';
import { KeyvAdapter } from '@apollo/utils.keyvadapter';
import { CACHE_MANAGER, CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { Controller, Get, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createHash } from 'node:crypto';
import { CacheService, CodexRedisModule, RedisConnectionError } from 'nestjs-codex-redis';
import { createKeyv } from 'nestjs-codex-redis/keyv';
import { describe, expect, it } from 'vitest';
import { RedisServer } from '../../support/redis-server.ts';
import { cacheOn, closeLater, optionsOn, urlOf } from './support.mjs';

describe.each(['memory', 'redis'])('BR1 on a cache on: %s', (kind) => {
  it("Keyv's values are the cache's own, and each reads what the other wrote", async () => {
    const cache = await cacheOn(kind);
    const keyv = createKeyv(cache, { namespace: 'books' });
    await keyv.set('1', { title: 'Emma' }, 60_000);
    expect(await cache.get('books:1')).toEqual({ title: 'Emma' });
    expect(await cache.ttl('books:1')).toBeGreaterThan(50);
    await cache.set('books:2', null);
    expect(await keyv.get(['1', '2', '3'])).toEqual([{ title: 'Emma' }, null, undefined]);
    await keyv.set('4', 1);
    expect(await cache.ttl('books:4')).toBeLessThanOrEqual(300);
    await cache.set('other', 1);
    await keyv.clear();
    expect(await keyv.hasMany(['1', '2'])).toEqual([false, false]);
    expect(await cache.has('other')).toBe(true);
  });

  it('what is not JSON is refused', async () => {
    const keyv = createKeyv(await cacheOn(kind));
    await expect(keyv.set('at', new Date())).rejects.toThrow(TypeError);
  });

  it('@nestjs/cache-manager keeps responses and values in it', async () => {
    let calls = 0;
    class Books {
      list() {
        return { calls: ++calls };
      }
    }
    Get('books')(Books.prototype, 'list', Object.getOwnPropertyDescriptor(Books.prototype, 'list'));
    UseInterceptors(CacheInterceptor)(Books);
    Controller()(Books);
    class AppModule {}
    Module({
      imports: [
        CodexRedisModule.forRoot(optionsOn(await urlOf(kind))),
        CacheModule.registerAsync({
          inject: [CacheService],
          useFactory: (cache) => ({ stores: [createKeyv(cache, { namespace: 'http' })], ttl: 60_000 }),
        }),
      ],
      controllers: [Books],
    })(AppModule);
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    closeLater(() => app.close());
    const ask = async () => (await fetch(`${await app.getUrl()}/books`)).json();
    expect(await ask()).toEqual({ calls: 1 });
    expect(await ask()).toEqual({ calls: 1 });
    const cache = app.get(CacheService);
    expect(await cache.get('http:/books')).toEqual({ calls: 1 });
    const manager = app.get(CACHE_MANAGER);
    expect(await manager.wrap('sum', () => 3, 1000)).toBe(3);
    expect(await cache.get('http:sum')).toBe(3);
    await manager.clear();
    expect(await cache.has('http:sum')).toBe(false);
  });

  it("Apollo Server's cache runs on it", async () => {
    const cache = await cacheOn(kind);
    const server = new ApolloServer({
      typeDefs: 'type Query { hello: String }',
      resolvers: { Query: { hello: () => 'world' } },
      cache: new KeyvAdapter(createKeyv(cache, { namespace: 'apollo' })),
      persistedQueries: { ttl: 60 },
    });
    await server.start();
    closeLater(() => server.stop());
    const query = '{ hello }';
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
    };
    const ask = async (request) => (await server.executeOperation(request)).body.singleResult;
    expect((await ask({ extensions })).errors[0].message).toBe('PersistedQueryNotFound');
    expect((await ask({ query, extensions })).data).toEqual({ hello: 'world' });
    expect((await ask({ extensions })).data).toEqual({ hello: 'world' });
    const keys = [];
    for await (const key of cache.keys('apollo:*')) keys.push(key);
    expect(keys).toHaveLength(1);
    expect(await cache.get(keys[0])).toBe(query);
    expect(await cache.ttl(keys[0])).toBeLessThanOrEqual(60);
  });
});

describe('BR1 while Redis is down', () => {
  it('Keyv throws the typed error, and cache-manager tells its listeners', async () => {
    const server = await RedisServer.start();
    class AppModule {}
    Module({
      imports: [
        CodexRedisModule.forRoot(optionsOn(server.url)),
        CacheModule.registerAsync({
          inject: [CacheService],
          useFactory: (cache) => ({ stores: [createKeyv(cache)] }),
        }),
      ],
    })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
    closeLater(() => app.close());
    await server.stop();
    const keyv = createKeyv(app.get(CacheService));
    const calls = [
      () => keyv.get('k'),
      () => keyv.get(['k', 'l']),
      () => keyv.set('k', 1),
      () => keyv.has('k'),
      () => keyv.delete('k'),
      () => keyv.deleteMany(['k']),
      () => keyv.clear(),
    ];
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(RedisConnectionError);
    const manager = app.get(CACHE_MANAGER);
    const errors = [];
    manager.on('get', ({ error }) => errors.push(error));
    expect(await manager.get('k')).toBeUndefined();
    expect(errors).toEqual([expect.any(RedisConnectionError)]);
  });
});
