import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OPTIONAL = [
  '@nestjs/throttler',
  '@nestjs/terminus',
  '@nestjs/testing',
  'decimal.js',
  'temporal-polyfill',
] as const;

/** The packages that a fresh process loads with one entry of the package. */
const packagesLoadedBy = async (entry: string): Promise<string[]> => {
  const program = `
    import { register } from 'node:module';
    register('./test/support/log-loaded-packages.mjs', 'file://${ROOT}');
    await import('./lib/${entry}.ts');`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', '@swc-node/register/esm-register', '--input-type=module', '--eval', program],
    { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  return [...new Set(stdout.split('\n').filter(Boolean))];
};

describe('each entry of the package loads only what it needs', () => {
  it.each([
    ['index', ['@nestjs/common', 'redis', 'zod'], []],
    ['cache-coder/index', ['decimal.js'], ['decimal.js', 'temporal-polyfill']],
    ['throttler/index', ['@nestjs/common'], []],
    ['terminus/index', ['@nestjs/common'], ['@nestjs/terminus']],
    ['testing/index', [], []],
  ])('%s loads %j, and of the optional packages %j', async (entry, some, optional) => {
    const loaded = await packagesLoadedBy(entry);
    expect(loaded).toEqual(expect.arrayContaining(some));
    expect(OPTIONAL.filter((name) => loaded.includes(name)).sort()).toEqual(optional);
  });

  it('names every entry here', () => {
    const entries = readdirSync(`${ROOT}lib`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('index.ts'),
    );
    expect(entries.map((path) => path.replace(/\.ts$/, '')).sort()).toEqual([
      'cache-coder/index',
      'index',
      'terminus/index',
      'testing/index',
      'throttler/index',
    ]);
  });
});
