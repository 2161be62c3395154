import { type Options, transformFileSync } from '@swc/core';
import { buildSync } from 'esbuild';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { linkedFiles } from '../docs/links.js';
import { pages, ROOT } from '../docs/pages.js';
import { pack, run, type Tarball } from './tarball.js';

interface Manifest {
  readonly main: string;
  readonly types: string;
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const ENTRY_POINTS = Object.keys(manifest.exports).filter((name) => name !== './package.json');

const EXPECTED =
  /^(package\.json|LICENSE|[A-Z]+\.md|docs\/[\w-]+\.md|docs\/assets\/[\w-]+\.(svg|png)|benchmark\/README\.md|dist\/.+\.(js|d\.ts))$/;

/** Bytes of the tarball: about half as much again as it has. What goes beyond has been packed by mistake. */
const LARGEST = 600_000;

/** What the Nest CLI sets for its SWC builder. */
const SWC_OPTIONS: Options = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

let tarball: Tarball;

beforeAll(() => {
  tarball = pack();
});

afterAll(() => tarball.remove());

describe('the packed package', () => {
  it('holds what is run, its types, and the words that belong to it, and no test', () => {
    const paths = tarball.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'docs/README.md', 'dist/index.js']),
    );
    const others = paths.filter((path) => !EXPECTED.test(path));
    expect(others).toEqual([]);
    expect(paths.filter((path) => /\.(spec|test)\.(js|d\.ts)$/.test(path))).toEqual([]);
  });

  it('is text of one byte for a character: V8 needs twice the memory for any other', () => {
    const paths = tarball.files.map(({ path }) => path).filter((path) => path.endsWith('.js'));
    const wide = paths.filter((path) => /[^\0-\xff]/.test(readFileSync(join(ROOT, path), 'utf8')));
    expect(wide).toEqual([]);
    expect(paths.length).toBeGreaterThan(5);
  });

  it('BR4 has the pages, and each of their links leads to what is packed', () => {
    const paths = tarball.files.map(({ path }) => path);
    const packed = pages().filter(({ path }) => paths.includes(path));
    expect(packed).toHaveLength(pages().length);
    const lost = packed.flatMap((page) =>
      linkedFiles(page)
        .filter((target) => !paths.includes(target))
        .map((target) => `${page.path}: ${target}`),
    );
    expect(lost).toEqual([]);
  });

  it('is not larger than it has to be', () => {
    expect(statSync(tarball.path).size).toBeLessThan(LARGEST);
  });

  it('has every file of its exports', () => {
    const paths = tarball.files.map(({ path }) => `./${path}`);
    for (const target of Object.values(manifest.exports))
      expect(paths).toEqual(
        expect.arrayContaining(typeof target === 'string' ? [target] : Object.values(target)),
      );
  });

  it('BR3 has the types of each entry point where exports are not known', () => {
    const { main, types, typesVersions } = manifest;
    const entry = manifest.exports['.'] as { types: string; default: string };
    expect({ types, default: main }).toEqual(entry);
    const subpaths = ENTRY_POINTS.filter((name) => name !== '.').map((name) => name.slice(2));
    expect(typesVersions['*']).toEqual(
      Object.fromEntries(subpaths.map((name) => [name, [`./dist/${name}/index.d.ts`]])),
    );
  });

  it('imports only what it declares', () => {
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    const imported = tarball.files
      .filter(({ path }) => path.startsWith('dist/'))
      .flatMap(({ path }) => packagesIn(readFileSync(join(ROOT, path), 'utf8')));
    const undeclared = [...new Set(imported)].filter((name) => !declared.includes(name));
    expect(undeclared).toEqual([]);
  });

  it('satisfies publint', () => {
    expect(run(ROOT, 'npx', 'publint', 'run', tarball.path, '--strict')).toContain('All good');
  });

  it('has types that fit its code in every way it may be imported', () => {
    // ESM only: require() of it works (see the CommonJS application below), which the tool cannot know.
    run(ROOT, 'npx', 'attw', tarball.path, '--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm');
  });
});

/** The packages whose names stand in the imports of a file. */
const packagesIn = (code: string): string[] =>
  [...code.matchAll(/(?:from|import|import\()\s*['"]([^'".][^'"]*)['"]/g)]
    .map(([, name = '']) => name)
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );

describe('a Nest 12 application with ES modules', () => {
  let folder: string;

  beforeAll(() => {
    folder = tarball.install('nest-12-esm');
  });

  it('compiles with moduleResolution nodenext', () => {
    expect(run(folder, 'npx', 'tsc', '--project', 'tsconfig.json').trim()).toBe('');
  });

  it('compiles with moduleResolution bundler', () => {
    expect(run(folder, 'npx', 'tsc', '--project', 'tsconfig.bundler.json').trim()).toBe('');
  });

  it('runs', () => {
    expect(run(folder, 'node', 'dist/main.js').trim()).toBe('1 2 up');
  });

  it('BR3 runs as a minified bundle of webpack, whose errors keep their names', () => {
    expect(run(folder, 'node', 'bundle.mjs')).toContain('compiled successfully');
    expect(run(folder, 'node', 'bundle/main.mjs').trim()).toBe('1 2 up');
    expect(run(folder, 'node', 'bundle/errors.mjs').trim()).toBe('CacheKeyNotFoundError');
  });

  it('BR3 runs as a minified bundle of esbuild, whose errors keep their names', () => {
    buildSync({
      absWorkingDir: folder,
      entryPoints: ['dist/main.js', 'errors.mjs'],
      entryNames: '[name]',
      outdir: 'bundle-esbuild',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      external: ['@nestjs/*', 'redis', 'rxjs', 'reflect-metadata'],
    });
    expect(run(folder, 'node', 'bundle-esbuild/main.mjs').trim()).toBe('1 2 up');
    expect(run(folder, 'node', 'bundle-esbuild/errors.mjs').trim()).toBe('CacheKeyNotFoundError');
  });

  it('BR3 runs when SWC has compiled it', () => {
    const compiled = join(folder, 'dist-swc');
    mkdirSync(compiled);
    for (const name of ['main', 'app.module']) {
      const { code } = transformFileSync(join(folder, `src/${name}.ts`), SWC_OPTIONS);
      writeFileSync(join(compiled, `${name}.js`), code);
    }
    expect(run(folder, 'node', 'dist-swc/main.js').trim()).toBe('1 2 up');
  });

  it.each(ENTRY_POINTS)('imports %s', (entry) => {
    const name = entry.replace('.', 'nestjs-codex-redis');
    const code = `import 'reflect-metadata'; console.log(Object.keys(await import('${name}')).length)`;
    expect(Number(run(folder, 'node', '--input-type=module', '--eval', code))).toBeGreaterThan(0);
  });

  it.each(ENTRY_POINTS)('finds the classes of %s under their names, which errors and logs show', (entry) => {
    const name = entry.replace('.', 'nestjs-codex-redis');
    const code = `
      import 'reflect-metadata';
      for (const [name, value] of Object.entries(await import('${name}')))
        if (/^class\\b/.test(String(value)) && value.name !== name) console.log(name, value.name);`;
    expect(run(folder, 'node', '--input-type=module', '--eval', code)).toBe('');
  });
});

describe('a Nest 11 application with CommonJS', () => {
  let folder: string;

  beforeAll(() => {
    folder = tarball.install('nest-11-commonjs');
  });

  it('compiles', () => {
    expect(run(folder, 'npx', 'tsc', '--project', 'tsconfig.json').trim()).toBe('');
  });

  it('BR3 compiles with "module": "commonjs", which knows no exports, and runs', () => {
    expect(run(folder, 'npx', 'tsc', '--project', 'tsconfig.commonjs.json').trim()).toBe('');
    expect(run(folder, 'node', 'dist-commonjs/main.js').trim()).toBe('1 2 up');
  });

  it('runs, requiring the ES modules', () => {
    expect(run(folder, 'node', 'dist/main.js').trim()).toBe('1 2 up');
  });

  it('BR3 runs in its own Jest, by the recipe of the documentation', () => {
    expect(() => run(folder, 'npx', 'jest')).not.toThrow();
  });
});
