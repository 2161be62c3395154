import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CodexRedisModule } from '../../lib/codex-redis.module.js';
import { CacheService } from '../../lib/cache/cache.service.js';
import { SETTING_NAMES } from '../../lib/config/setting-names.js';
import { JsonSerializer } from '../../lib/serializer/json-serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import { type BlockFile, givenFile, removeBlocks, writeBlocks } from './block-files.js';
import { compile } from './compile-blocks.js';
import './given.js';
import { brokenLinks } from './links.js';
import { type CodeBlock, type Page, blocksOf, pages, ROOT } from './pages.js';
import { formattedSettings } from './settings-table.js';

const PAGES = pages();
const BLOCKS = PAGES.flatMap(blocksOf);
const inLanguage = (language: string): CodeBlock[] => BLOCKS.filter((block) => block.language === language);
const place = ({ page, line }: CodeBlock): string => `${page}:${line}`;

const files = writeBlocks(inLanguage('ts'));
const marked = (mark: string): BlockFile[] => files.filter(({ block }) => block.marks.includes(mark));

// those that are tests themselves
for (const { path } of marked('test')) await import(path);

describe('the blocks of TypeScript on the pages', () => {
  let given: TestingModule;

  beforeAll(async () => {
    process.env['REDIS_URL'] = process.env['TEST_REDIS_URL'];
    given = await Test.createTestingModule({
      imports: [
        CodexRedisModule.forRoot({
          url: 'memory:',
          projectName: 'shop',
          secretKey: randomUUID(),
          cache: { keyPrefix: 'shop' },
          session: {},
        }),
      ],
    }).compile();
    await given.init();
  });

  afterAll(async () => {
    delete process.env['REDIS_URL'];
    await given.close();
    removeBlocks();
  });

  beforeEach(async () => {
    globalThis.cache = given.get(CacheService);
    await globalThis.cache.clear();
    globalThis.sessions = given.get(SessionService);
    globalThis.session = globalThis.sessions.open();
    globalThis.serializer = given.get(JsonSerializer);
    globalThis.check = (actual, expected) => expect(actual).toEqual(expected);
  });

  it('compile', () => {
    expect(compile([givenFile, ...files.map(({ path }) => path)])).toEqual([]);
  }, 60_000);

  const toRun = files.filter((file) => ![...marked('no-run'), ...marked('test')].includes(file));

  it.each(toRun.map(({ block, path }) => [place(block), path] as const))('%s runs', async (_, path) => {
    const made = (await import(path)) as { AppModule?: Type | DynamicModule };
    if (made.AppModule === undefined) return;
    const app = await NestFactory.create(made.AppModule, { logger: false, abortOnError: false });
    try {
      await app.init();
    } finally {
      await app.close();
    }
  });

  it('the quick start of the README counts visits', async () => {
    const { path } = files.find(({ block }) => block.page === 'README.md')!;
    const { AppModule } = (await import(path)) as { AppModule: Type };
    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    try {
      await app.listen(0, '127.0.0.1');
      const visit = (cookie: string): Promise<Response> => fetch(`${url}/visits`, { headers: { cookie } });
      const url = await app.getUrl();
      const first = await visit('');
      const [cookie = ''] = (first.headers.get('set-cookie') ?? '').split(';');
      expect(await first.json()).toEqual({ today: 'Good morning', visits: 1 });
      expect(await (await visit(cookie)).json()).toEqual({ today: 'Good morning', visits: 2 });
      await app.get(SessionService).delete(cookie.replace(/^.*=/, ''));
      await app.get(CacheService).clear();
    } finally {
      await app.close();
    }
  });
});

describe('the other blocks on the pages', () => {
  it.each(inLanguage('json').map((block) => [place(block), block] as const))('%s is JSON', (_, { code }) => {
    expect(() => JSON.parse(code) as unknown).not.toThrow();
  });

  const scripts = Object.keys(
    (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts,
  );

  it.each(inLanguage('bash').map((block) => [place(block), block] as const))(
    '%s names scripts that exist',
    (_, { code }) => {
      const named = [...code.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
      expect(scripts).toEqual(expect.arrayContaining(named));
    },
  );

  it.each(inLanguage('dotenv').map((block) => [place(block), block] as const))(
    '%s names variables that exist',
    (_, { code }) => {
      const known = SETTING_NAMES.map(({ environment }) => environment);
      for (const [, name] of code.matchAll(/^(\w+)=/gm)) expect(known).toContain(name);
    },
  );

  const python = inLanguage('python');
  const canReadPython = ((): boolean => {
    try {
      execFileSync('python3', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  (canReadPython ? it : it.skip).each(python.map((block) => [place(block), block] as const))(
    '%s is Python',
    (_, { code }) => {
      const read = 'import ast, sys; ast.parse(sys.stdin.read())';
      expect(() => execFileSync('python3', ['-c', read], { input: code, stdio: 'pipe' })).not.toThrow();
    },
  );

  it('are of languages that are looked at', () => {
    const known = ['ts', 'json', 'bash', 'dotenv', 'python', 'mermaid', 'text', 'js'];
    expect(BLOCKS.filter(({ language }) => !known.includes(language)).map(place)).toEqual([]);
  });
});

describe('the pages', () => {
  it.each(PAGES.map((page) => [page.path, page] as const))('%s links to what is there', (_, page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it.each(['README.md', 'docs/settings.md'])('%s has every setting (npm run docs:settings)', async (path) => {
    const { text } = PAGES.find((page: Page) => page.path === path)!;
    expect(text).toBe(await formattedSettings(join(ROOT, path), text));
  });

  it('are all reachable from the table of contents', () => {
    const contents = PAGES.find(({ path }) => path === 'docs/README.md')!.text;
    for (const { path } of PAGES)
      if (path.startsWith('docs/') && path !== 'docs/README.md')
        expect(contents).toContain(`(${path.slice('docs/'.length)})`);
  });

  it('have the recipe for Jest in CommonJS that the package test runs', () => {
    const path = join(ROOT, 'test/package/fixtures/nest-11-commonjs/package.json');
    const { jest } = JSON.parse(readFileSync(path, 'utf8')) as { jest: object };
    const [recipe] = inLanguage('json').filter(({ page }) => page === 'docs/wiring.md');
    expect(jest).toMatchObject(JSON.parse(recipe!.code) as object);
  });

  it('give a reason for each dependency', () => {
    const reasons = PAGES.find(({ path }) => path === 'docs/dependencies.md')!.text;
    const { dependencies, peerDependencies, devDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const names = Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies });
    expect(names.filter((name) => !name.startsWith('@types/') && !reasons.includes(`\`${name}\``))).toEqual(
      [],
    );
  });

  it('quote tests by titles that they have', () => {
    const readme = PAGES.find(({ path }) => path === 'README.md')!.text.replace(/\s+/g, ' ');
    const quoted = [...readme.matchAll(/“\[([^\]]+)\]\(([^)]+)\)”/g)];
    expect(quoted.length).toBeGreaterThan(3);
    for (const [, title, path] of quoted) expect(readFileSync(join(ROOT, path!), 'utf8')).toContain(title);
  });

  it('have a quick start of at most 30 lines', () => {
    const readme = PAGES.find(({ path }) => path === 'README.md')!;
    const [quickStart] = blocksOf(readme).filter(({ language }) => language === 'ts');
    expect(quickStart!.code.trim().split('\n').length).toBeLessThanOrEqual(30);
  });
});
