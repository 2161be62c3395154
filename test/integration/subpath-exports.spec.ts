import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ON_DEMAND = [
  'redis',
  '@nestjs/throttler',
  '@nestjs/terminus',
  '@nestjs/testing',
  'keyv',
  '@opentelemetry/api',
  'prom-client',
  'decimal.js',
  'temporal-polyfill',
] as const;

/** The packages that a fresh process loads with one entry of the package. */
const packagesLoadedBy = async (entry: string, use = ''): Promise<string[]> => {
  const program = `
    import { register } from 'node:module';
    register('./test/support/log-loaded-packages.mjs', 'file://${ROOT}');
    const loaded = await import('./lib/${entry}.ts');
    ${use}`;
  const folder = await mkdtemp(join(tmpdir(), 'loaded-packages-'));
  const names = join(folder, 'names');
  try {
    await promisify(execFile)(
      process.execPath,
      ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', program],
      { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '', LOADED_PACKAGES: names } },
    );
    return [...new Set((await readFile(names, 'utf8')).split('\n').filter(Boolean))];
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe('each entry of the package loads only what it needs', () => {
  it.each([
    ['index', ['@nestjs/common'], []],
    ['cache-coder/index', ['decimal.js'], ['decimal.js', 'temporal-polyfill']],
    ['throttler/index', ['@nestjs/common'], []],
    ['terminus/index', ['@nestjs/common'], ['@nestjs/terminus']],
    ['keyv/index', [], ['keyv']],
    ['opentelemetry/index', [], ['@opentelemetry/api']],
    ['prometheus/index', [], ['prom-client']],
    ['testing/index', [], []],
  ])('%s loads %j, and of what is loaded on demand %j', async (entry, some, demanded) => {
    const loaded = await packagesLoadedBy(entry);
    expect(loaded).toEqual(expect.arrayContaining(some));
    expect(ON_DEMAND.filter((name) => loaded.includes(name)).sort()).toEqual(demanded);
  });

  it.each([
    ['memory:', false],
    [process.env['TEST_REDIS_URL'] ?? '', true],
  ])('an application on %s loads node-redis: %s', async (url, loads) => {
    const options = JSON.stringify({ url, cache: { keyPrefix: 'test' } });
    const loaded = await packagesLoadedBy(
      'index',
      `const { NestFactory } = await import('@nestjs/core');
       const root = loaded.CodexRedisModule.forRoot(${options});
       await (await NestFactory.createApplicationContext(root, { logger: false })).close();`,
    );
    expect(loaded.includes('redis')).toBe(loads);
  });

  it('names every entry here', () => {
    const entries = readdirSync(`${ROOT}lib`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /(^|\/)index\.ts$/.test(path),
    );
    expect(entries.map((path) => path.replace(/\.ts$/, '')).sort()).toEqual([
      'cache-coder/index',
      'index',
      'keyv/index',
      'opentelemetry/index',
      'prometheus/index',
      'terminus/index',
      'testing/index',
      'throttler/index',
    ]);
  });
});
