import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');

/** Where the packages that a bundle leaves outside are found. */
let folder: string;

const bundle = async (name: string): Promise<string> => {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(ROOT, 'lib/index.ts')],
    outfile,
    bundle: true,
    minify: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
  });
  return outfile;
};

/** What a process of its own prints that runs this program. */
const printedBy = async (program: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  });
  return stdout;
};

const application = (path: string): string => `
  const { CodexRedisModule } = await import('${path}');
  const app = await NestFactory.createApplicationContext(CodexRedisModule.forRoot({ url: 'memory:' }), {
    logger: ['warn', 'error'],
  });
  await app.close();`;

const PRELUDE = `import 'reflect-metadata'; import { NestFactory } from '@nestjs/core';`;

describe('BR3 a bundle of the package', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(ROOT, 'node_modules/.bundles-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('that is minified has errors with their names', async () => {
    const path = await bundle('minified');
    const printed = await printedBy(`
      const { CodexRedisError, HttpMappedError, ...exported } = await import('${path}');
      for (const [name, type] of Object.entries(exported)) {
        if (!(type.prototype instanceof CodexRedisError)) continue;
        const args = /^Session(Interrupted|Limit|Stale)Error$/.test(name) ? [] : ['x'];
        console.log(name, new type(...args).name);
      }`);
    const names = printed.trim().split('\n');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((line) => new Set(line.split(' ')).size > 1)).toEqual([]);
  });

  it('CN15 has errors that are instances of the CodexRedisError of another copy', async () => {
    const [one, other] = [await bundle('first'), await bundle('second')];
    const printed = await printedBy(`
      const [one, other] = [await import('${one}'), await import('${other}')];
      for (const [name, type] of Object.entries(one)) {
        if (!(type.prototype instanceof Error) || ['CodexRedisError', 'HttpMappedError'].includes(name)) continue;
        const error = /^Session(Interrupted|Limit|Stale)Error$/.test(name) ? new type() : new type('x');
        console.log(error instanceof other.CodexRedisError, error instanceof other[name]);
      }
      console.log(new Error('x') instanceof other.CodexRedisError);`);
    const lines = printed.trim().split('\n');
    expect(lines.length).toBeGreaterThan(12);
    expect(new Set(lines.slice(0, -1))).toEqual(new Set(['true false']));
    expect(lines.at(-1)).toBe('false');
  });

  it('is named with the other one where a process loads two', async () => {
    const [one, other] = [await bundle('one'), await bundle('other')];
    const alone = await printedBy(PRELUDE + application(one));
    expect(alone).not.toMatch(/copies of nestjs-codex-redis/);
    const both = await printedBy(`${PRELUDE} await import('${other}');${application(one)}`);
    expect(both).toMatch(/loaded 2 copies of nestjs-codex-redis, from .*other\.mjs and .*one\.mjs\./);
  });
});
