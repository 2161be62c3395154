import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { CacheService } from '../../lib/cache/cache.service.js';
import { CodexRedisModule } from '../../lib/module/codex-redis.module.js';
import type { RedisSource } from '../../lib/config/settings.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { SessionService } from '../../lib/session/session.service.js';
import { startApplication } from '../support/application-process.js';
import { until } from '../support/redis-admin.js';
import { redisCli } from '../support/redis-cli.js';
import { settle, subscribed, verbs } from '../support/settle.js';
import { sharedCluster, sharedSentinel } from '../support/shared-topologies.js';
import { openSource } from '../support/stores.js';
import {
  type BlockFile,
  fileOf,
  givenFile,
  removeBlocks,
  writeApplication,
  writeBlock,
} from './block-files.js';
import { compile } from './compile-blocks.js';
import { DocumentedServers } from './documented-servers.js';
import './given.js';
import { caching, inApplication } from './in-application.js';
import { blocksOf, pages, ROOT } from './pages.js';
import { runExports } from './run-exports.js';
import { watchSubscriptions } from './watch-subscriptions.js';

const BLOCK_APP = join(ROOT, 'test/docs/block-app.ts');
const GUARD_APP = join(ROOT, 'test/docs/guard-app.ts');
const BLOCKS = pages().flatMap(blocksOf);

/** Those marked `application` need other people's libraries; test/applications compiles and asks them. */
const files = BLOCKS.filter(({ language, marks }) => language === 'ts' && !marks.includes('application')).map(
  fileOf,
);

const isTest = ({ block }: BlockFile): boolean => block.marks.includes('test');
/** That package is CommonJS of a kind that Jest on Node 20 cannot load. */
const needsProcess = ({ block }: BlockFile): boolean => block.code.includes("from '@nestjs/throttler'");
const isApplication = ({ block }: BlockFile): boolean => block.code.includes('class AppModule');
const titled = (some: readonly BlockFile[]): [title: string, path: string][] =>
  some.map(({ block, path }) => [`${block.page}:${block.line}`, path]);
const exportsOf = async (page: string, words: string): Promise<Record<string, unknown>> => {
  const { path } = files.find(({ block }) => block.page === page && block.code.includes(words))!;
  return (await import(path)) as Record<string, unknown>;
};

removeBlocks();
writeApplication();
for (const file of files.filter(isTest)) {
  writeBlock(file, {});
  await import(file.path);
}

const commands = BLOCKS.filter(({ language }) => language === 'redis').map(({ code }) => code);
/** Of the user whom they create. */
const PASSWORD = /^ACL SETUSER shop .*>(\S+)/m.exec(commands.join('\n'))?.[1] ?? '';

const keysAt = (port: number, pattern: string, database = 0): string[] =>
  redisCli(port, '-n', String(database), 'KEYS', pattern).split('\n').filter(Boolean);

const unsubscribe = watchSubscriptions(['nestjs-codex-redis:cache', 'nestjs-codex-redis:session']);

let servers: DocumentedServers;
let given: TestingModule;

beforeAll(async () => {
  given = await Test.createTestingModule({
    imports: [
      CodexRedisModule.forRoot({
        url: 'memory:',
        projectName: 'shop',
        secretKey: randomUUID(),
        cache: { keyPrefix: 'shop', tags: true, readThrough: { grace: '1h', refreshAhead: 0.8 } },
        session: {},
      }),
    ],
  }).compile();
  await given.init();
  servers = await DocumentedServers.start();
  for (const file of files.filter((file) => !isTest(file))) writeBlock(file, servers.standIns);
  process.env['REDIS_URL'] = servers.redis.url;
  process.env['REDIS_PASSWORD'] = PASSWORD;
  await servers.prepare(commands);
}, 60_000);

afterAll(async () => {
  unsubscribe();
  delete process.env['REDIS_URL'];
  delete process.env['REDIS_PASSWORD'];
  await given.close();
  await servers.stop();
  removeBlocks();
});

describe('the blocks of TypeScript on the pages', () => {
  beforeEach(async () => {
    globalThis.cache = given.get(CacheService);
    await globalThis.cache.clear();
    globalThis.sessions = given.get(SessionService);
    const session = globalThis.sessions.open();
    // at the end Jest would redefine the properties of a global value, which a session refuses
    Object.defineProperty(globalThis, 'session', { configurable: true, get: () => session });
    globalThis.serializer = given.get(JsonSerializer);
    globalThis.check = (actual, expected) => expect(actual).toEqual(expected);
  });

  it('compile', () => {
    expect(compile([givenFile, ...files.map(({ path }) => path)])).toEqual([]);
  }, 60_000);

  it.each(titled(files.filter((file) => !isTest(file) && !needsProcess(file))))(
    '%s runs',
    async (title, path) => {
      const [page = ''] = title.split(':');
      await runExports((await import(path)) as Record<string, unknown>, page);
    },
  );

  it.each(titled(files.filter((file) => needsProcess(file) && isApplication(file))))(
    '%s limits logins, counting in Redis',
    async (_, path) => {
      const { code } = files.find((file) => file.path === path)!.block;
      // what is asked below
      expect(code.match(/@(Get|Post|Put|Patch|Delete|All)\(.*\)/g)).toEqual(['@Post()']);
      const app = await startApplication(BLOCK_APP, { BLOCK: path });
      const login = async (): Promise<number> => (await fetch(`${app.url}/login`, { method: 'POST' })).status;
      const counts = (): string[] => keysAt(servers.redis.port, 'shop:throttle:*');
      try {
        const answers = await Promise.all(Array.from({ length: 7 }, login));
        expect(answers.sort()).toEqual([201, 201, 201, 201, 201, 429, 429]);
        expect(counts()).toHaveLength(1);
        redisCli(servers.redis.port, 'UNLINK', ...counts());
        expect(await login()).toBe(201);
      } finally {
        await app.stop();
      }
    },
    30_000,
  );

  it.each(titled(files.filter((file) => needsProcess(file) && !isApplication(file))))(
    '%s counts the requests of a user together, and those of visitors by address',
    async (_, path) => {
      const app = await startApplication(GUARD_APP, { BLOCK: path });
      const login = async (user: string): Promise<string> => {
        const answer = await fetch(`${app.url}/login/${user}`, { method: 'POST' });
        return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
      };
      const search = async (cookie = ''): Promise<number> =>
        (await fetch(`${app.url}/search`, { headers: { cookie } })).status;
      try {
        const [phone, laptop, other] = [await login('ada'), await login('ada'), await login('charles')];
        const answers: number[] = [];
        for (const cookie of [phone, laptop, phone, other, undefined, undefined, undefined])
          answers.push(await search(cookie));
        expect(answers).toEqual([200, 200, 429, 200, 200, 200, 429]);
      } finally {
        await app.stop();
      }
    },
    30_000,
  );

  it('those for other libraries are all used by the applications that are asked over HTTP', () => {
    const folder = join(ROOT, 'test/applications');
    const applications = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/node_modules|documented/.test(path))
      .map((path) => readFileSync(join(folder, path), 'utf8'))
      .join('\n');
    const unused = BLOCKS.filter(({ marks }) => marks.includes('application')).filter(
      ({ marks }) => !applications.includes(`documented/${marks.at(-1)}.js`),
    );
    expect(unused).toEqual([]);
  });

  it('the quick start of the README counts visits', async () => {
    const { AppModule } = await exportsOf('README.md', 'VisitsController');
    await inApplication(AppModule as Type, async (app) => {
      await app.listen(0, '127.0.0.1');
      const url = `${await app.getUrl()}/visits`;
      const first = await fetch(url);
      const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';');
      expect(await first.json()).toEqual({ today: 'Good morning', visits: 1 });
      const second = await fetch(url, { headers: { cookie } });
      expect(await second.json()).toEqual({ today: 'Good morning', visits: 2 });
    });
  });
});

/** What a server holds of what `caching` caches. */
const cachedAt = (port: number, database = 0): string[] => keysAt(port, '*documented:*', database);

const usersAt = (port: number): string => redisCli(port, 'CLIENT', 'LIST');

describe('the servers that docs/topologies.md names hold what its blocks cache', () => {
  const run = async (words: string, name: string, look: () => void): Promise<void> => {
    const exported = await exportsOf('docs/topologies.md', words);
    await inApplication(exported[name] as Type | DynamicModule, (app) => caching(app, look));
  };

  it('on every master of the Cluster, for the user it names', () =>
    run('cluster:', 'AppModule', () => {
      const cached = servers.cluster.map((port) => cachedAt(port));
      expect(cached.every((keys) => keys.length > 0)).toBe(true);
      expect(cached.flat()).toHaveLength(30);
      for (const port of servers.cluster) expect(usersAt(port)).toContain('user=shop');
    }));

  it('on the master that the Sentinels name', () =>
    run('sentinel:', 'AppModule', () => {
      expect(cachedAt(servers.master)).toHaveLength(30);
    }));

  it('in the database of the url with TLS, for the user it names', () =>
    run('overTls', 'overTls', () => {
      expect(cachedAt(servers.redis.port, 3)).toHaveLength(30);
      expect(usersAt(servers.redis.port)).toContain('user=shop');
    }));

  it('in the database of the url of a socket', () =>
    run('overSocket', 'overSocket', () => {
      expect(cachedAt(servers.redis.port, 2)).toHaveLength(30);
    }));
});

describe('the user that docs/topologies.md creates may do all that the module does', () => {
  const user = { username: 'shop', password: PASSWORD };

  const uses = (store: KeyValueStore, prefix: string): (() => Promise<unknown>)[] => {
    const [k, l, h] = [`${prefix}k`, `${prefix}l`, `${prefix}h`];
    // so many that one of them comes after a block
    const hits = Array<() => Promise<unknown>>(50).fill(() =>
      store.hit(h, { windowMs: 1, limit: 0, blockMs: 1 }),
    );
    return [
      ...verbs(store, prefix),
      () => subscribed(store, `${prefix}c`),
      () => store.set(k, '1', null),
      () => store.incrementIfPresent(k, Number.MAX_SAFE_INTEGER),
      () => store.rename(k, l),
      ...hits,
      () => store.deleteMany([k, l, h]),
    ];
  };

  it.each([
    ['one Redis', (): RedisSource => ({ kind: 'url', url: withUser(servers.redis.url) })],
    ['a Cluster', (): RedisSource => ({ kind: 'cluster', options: { ...sharedCluster(), defaults: user } })],
    [
      'a master behind Sentinels',
      (): RedisSource => ({ kind: 'sentinel', options: { ...sharedSentinel(), nodeClientOptions: user } }),
    ],
  ])('on %s', async (_, source) => {
    const store = openSource(source());
    const errors: unknown[] = [];
    const prefix = `shop:${randomUUID()}:`;
    for (const use of uses(store, prefix)) errors.push((await settle(use)).error);
    for await (const page of store.scan(`${prefix}*`)) await store.deleteMany(page);
    await store.close();
    expect(errors.filter(Boolean)).toEqual([]);
  });

  it('of Sentinels: follows the master, hears of a new one, and finds the replicas', async () => {
    const options = { ...sharedSentinel(), sentinelClientOptions: user, replicaPoolSize: 1 };
    const store = openSource({ kind: 'sentinel', options });
    await store.connect();
    const hears = (port: number): boolean => / sub=1 .* user=shop /.test(redisCli(port, 'CLIENT', 'LIST'));
    await until('every Sentinel is heard', () => Promise.resolve(servers.sentinels.every(hears)));
    const denied = servers.sentinels.map((port) => redisCli(port, 'ACL', 'LOG'));
    await store.close();
    expect(denied).toEqual(denied.map(() => ''));
  });

  const withUser = (url: string): string => url.replace('//', `//shop:${encodeURIComponent(PASSWORD)}@`);
});
