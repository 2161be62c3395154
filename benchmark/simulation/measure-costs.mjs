/**
 * What each operation costs Redis: commands, microseconds of its processor and bytes, measured on a server of its own.
 *
 *     npm run bundle && node benchmark/simulation/measure-costs.mjs
 */
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createClient } from 'redis';
import { CacheService, CodexRedisModule, getCacheToken, SessionService } from '../../dist/index.js';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { RedisServer } from '../core/redis-server.mjs';
import { figure, table } from '../report/format.mjs';

const OPERATIONS = 20_000;
const COUNTED = 20;
const AT_ONCE = 64;
const VALUE = { title: 'x'.repeat(84) };

const redis = await RedisServer.start();
const admin = await createClient({ url: redis.url }).connect();
const module = CodexRedisModule.forRoot({
  url: redis.url,
  projectName: 'shop',
  secretKey: 'x'.repeat(32),
  cache: { keyPrefix: 'shop', timeout: '1h' },
  session: {},
});
const shared = CodexRedisModule.registerCache({
  name: 'shared',
  keyPrefix: 'shared',
  timeout: '1h',
  readThrough: { singleFlight: 'shared' },
});
class AppModule {}
Module({ imports: [module, shared] })(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const cache = app.get(CacheService, { strict: false });
const sharedCache = app.get(getCacheToken('shared'), { strict: false });
const sessions = app.get(SessionService);

const numberOf = async (section, name) =>
  Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await admin.info(section))[1]);

/** Microseconds of Redis' processor so far, network included. */
const processorTime = async () =>
  1e6 * ((await numberOf('cpu', 'used_cpu_user')) + (await numberOf('cpu', 'used_cpu_sys')));

/** Runs an operation many times, and measures one. */
const measure = async (operation) => {
  const before = await processorTime();
  let next = 0;
  const worker = async () => {
    while (next < OPERATIONS) await operation((next += 1));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ((await processorTime()) - before) / OPERATIONS;
};

const newSession = async () => {
  const session = await sessions.create();
  session.set('cart', VALUE);
  await sessions.save(session);
  return session;
};

const keys = [];
const signedIn = async (id) => {
  const session = await newSession();
  await session.signIn(id);
  await sessions.save(session);
  keys.push(session.key);
};

/** Clients that send one command at a time, as many processes with little to do each. */
const CONNECTIONS = 200;
const spread = async (operation) => {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => createClient({ url: redis.url }).connect()),
  );
  let done = 0;
  const before = await processorTime();
  const worker = async (client) => {
    while ((done += 1) <= OPERATIONS) await operation(client);
  };
  await Promise.all(clients.map(worker));
  const micros = ((await processorTime()) - before) / OPERATIONS;
  for (const client of clients) client.destroy();
  return micros;
};

const rows = [];
const row = async (name, operation) => {
  const micros = await measure(operation);
  const counted = await countCommands(redis.url, async () => {
    for (let n = 1; n <= COUNTED; n += 1) await operation(OPERATIONS + n);
  });
  rows.push([name, sumOf(counted) / COUNTED, figure(micros)]);
};

await row('a cache hit of 100 B', (n) => cache.get(`key:${n % 100}`));
rows.push([
  `… over ${CONNECTIONS} connections, one command at a time`,
  1,
  figure(await spread((client) => client.get('shop:1:key:1'))),
]);
await row('a cache write of 100 B', (n) => cache.set(`key:${n % 100}`, VALUE));
await row('a miss of a shared getOrSet', (n) => sharedCache.getOrSet(`miss:${n}`, () => VALUE));
const before = await numberOf('memory', 'used_memory');
await measure(newSession);
const perSession = ((await numberOf('memory', 'used_memory')) - before) / OPERATIONS;
const indexedBefore = await numberOf('memory', 'used_memory');
await measure((n) => signedIn(n));
const perUserSession = ((await numberOf('memory', 'used_memory')) - indexedBefore) / OPERATIONS;
await row('a request that reads its session', (n) => sessions.load(keys[n % keys.length]));
await row('a request that writes its session', async (n) => {
  const session = await sessions.load(keys[n % keys.length]);
  session.set('page', randomUUID());
  await sessions.save(session);
});
await row('a sign-in', async (n) => {
  const session = await sessions.load(keys[n % keys.length]);
  await session.signIn(n);
  await sessions.save(session);
});

console.log(table({ title: 'Costs for Redis', columns: ['operation', 'commands', 'µs'], rows }));
console.log(`Bytes: a session ${figure(perSession)}, one that is signed in ${figure(perUserSession)}`);
await app.close();
admin.destroy();
await redis.stop();
