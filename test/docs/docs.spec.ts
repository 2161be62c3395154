import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { optionsFromEnvironment } from '../../lib/config/environment.js';
import { resolveSettings } from '../../lib/config/resolve-settings.js';
import { optionRows } from '../../lib/config/option.js';
import { moduleOptions } from '../../lib/config/options.js';
import { pythonModules } from '../django/python-modules.js';
import { brokenCommands } from './commands.js';
import { type Arrow, arrowsOf } from './flowchart.js';
import { brokenLinks } from './links.js';
import { folderOf, importsOf } from './rooms.js';
import { type CodeBlock, type Page, blocksOf, pages, ROOT } from './pages.js';
import { optionComments } from './option-comments.js';
import { formattedSettings, settingRows } from './settings-table.js';

/** Chapter 7 and section 3.3 of version 5.0. */
const ASVS_REQUIREMENTS = Object.entries({
  '7.1': 3,
  '7.2': 4,
  '7.3': 2,
  '7.4': 5,
  '7.5': 3,
  '7.6': 2,
  '3.3': 5,
}).flatMap(([section, count]) => Array.from({ length: count }, (_, at) => `${section}.${at + 1}`));

const PAGES = pages();
const BLOCKS = PAGES.flatMap(blocksOf);
const inLanguage = (language: string): CodeBlock[] => BLOCKS.filter((block) => block.language === language);
const place = ({ page, line }: CodeBlock): string => `${page}:${line}`;

describe('the blocks on the pages', () => {
  it.each(inLanguage('json').map((block) => [place(block), block] as const))('%s is JSON', (_, { code }) => {
    expect(() => JSON.parse(code) as unknown).not.toThrow();
  });

  it.each(inLanguage('dotenv').map((block) => [place(block), block] as const))(
    '%s sets what is known and accepted',
    (_, { code }) => {
      const variables = [...code.matchAll(/^(\w+)=(.*)$/gm)].map(
        ([, name = '', text]) => [name, text] as const,
      );
      const known = optionRows(moduleOptions).map(({ environment }) => environment);
      expect(known).toEqual(expect.arrayContaining(variables.map(([name]) => name)));
      const others = { PROJECT_NAME: 'shop', SECRET_KEY: 'of the application, not of the block' };
      resolveSettings(optionsFromEnvironment({ ...others, ...Object.fromEntries(variables) }));
    },
  );

  it('are run by npm run test:django where they are Python', () => {
    expect(() => pythonModules(inLanguage('python'))).not.toThrow();
  });

  it('draw arrows where there are imports, and none against them', () => {
    const arrows = inLanguage('mermaid').flatMap(({ code }) => arrowsOf(code));
    const between = arrows.filter((arrow) => arrow.every((room) => folderOf(room) !== undefined));
    expect(between.length).toBeGreaterThan(5);
    const imported = ([from, to]: Arrow): boolean => importsOf(folderOf(from)!).includes(folderOf(to)!);
    expect(between.filter((arrow) => !imported(arrow))).toEqual([]);
    const apart = between.filter(([from, to]) => dirname(folderOf(to)!) !== folderOf(from));
    expect(apart.filter(([from, to]) => imported([to, from]))).toEqual([]);
  });

  it('make a secret key as the page about the security of sessions does', () => {
    const bash = inLanguage('bash').map(({ code }) => code);
    const [, program = ''] = /^node -p "(.+)"$/m.exec(bash.join('')) ?? [];
    expect(execFileSync(process.execPath, ['-p', program], { encoding: 'utf8' })).toMatch(/^[\w-]{64}\n$/);
  });

  it('allow the user of an ACL every command of a script', () => {
    const allowed = new Set(
      inLanguage('redis').flatMap(({ code }) =>
        [...code.matchAll(/\+([a-z]+)/g)].map(([, name = '']) => name.toUpperCase()),
      ),
    );
    const folder = join(ROOT, 'lib/store/redis/commands/scripts');
    const called = readdirSync(folder).flatMap((name) =>
      [...readFileSync(join(folder, name), 'utf8').matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(
        ([, command = '']) => command,
      ),
    );
    expect(called.length).toBeGreaterThan(50);
    expect([...new Set(called)].filter((command) => !allowed.has(command))).toEqual([]);
  });

  it('are of languages that are looked at', () => {
    const known = ['ts', 'json', 'bash', 'dotenv', 'redis', 'python', 'mermaid', 'promql', 'yaml'];
    expect(BLOCKS.filter(({ language }) => !known.includes(language)).map(place)).toEqual([]);
  });

  it('are not kept from running', () => {
    // what is marked `application` is run beside other people's libraries: npm run test:applications
    const isRun = ({ marks: [mark], page }: CodeBlock): boolean =>
      mark === undefined || mark === 'test' || (mark === 'application' && page === 'docs/other-libraries.md');
    expect(BLOCKS.filter((block) => !isRun(block)).map(place)).toEqual([]);
  });

  it('are all found', () => {
    for (const { path, text } of PAGES) {
      const fences = [...text.matchAll(/^\s*(?:```|~~~)/gm)];
      expect([path, fences.length]).toEqual([path, 2 * BLOCKS.filter(({ page }) => page === path).length]);
    }
  });
});

/** Without what the formatter adds to a table. */
const unaligned = (text: string): string => text.replace(/ +/g, ' ').replace(/-+/g, '-');

describe('the pages', () => {
  it.each(PAGES.map((page) => [page.path, page] as const))('%s links to what is there', (_, page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it.each(PAGES.map((page) => [page.path, page] as const))('%s has commands that work', (_, page) => {
    expect(brokenCommands(page)).toEqual([]);
  });

  it.each(['README.md', 'docs/settings.md'])('%s has every setting (npm run docs:settings)', async (path) => {
    const { text } = PAGES.find((page: Page) => page.path === path)!;
    expect(text).toBe(await formattedSettings(join(ROOT, path), text));
  });

  it('name the default that each setting has', () => {
    const comments = optionComments();
    for (const { path, default: standard } of settingRows()) {
      const comment = comments.get(path);
      expect([path, comment?.sentence]).not.toEqual([path, '']);
      if (standard !== undefined)
        expect([path, comment?.default]).toEqual([
          path,
          typeof standard === 'string' ? `'${standard}'` : JSON.stringify(standard),
        ]);
    }
  });

  it('have the table that the simulation gives (node benchmark/simulation/write-tables.mjs)', async () => {
    const { text } = PAGES.find(({ path }) => path === 'docs/scaling.md')!;
    const simulated = new URL('../../benchmark/simulation/simulated-table.mjs', import.meta.url).href;
    const { withTable } = (await import(simulated)) as { withTable: (page: string) => string };
    expect(unaligned(text)).toBe(unaligned(withTable(text)));
  });

  it('are all reachable from the table of contents', () => {
    const contents = PAGES.find(({ path }) => path === 'docs/README.md')!.text;
    for (const { path } of PAGES)
      if (path.startsWith('docs/') && path !== 'docs/README.md')
        expect(contents).toContain(`(${path.slice('docs/'.length)})`);
  });

  it('BR2 have a recipe for a rollback, and name the test that tries it', () => {
    const { text } = PAGES.find(({ path }) => path === 'docs/migrating.md')!;
    const [, recipe = ''] = /^\*\*Rollback\.\*\* ([^]*?)\n\n/m.exec(text) ?? [];
    expect(recipe).toContain('Deploy the old application again');
    const [, test = ''] = /`(test\/[^`]+)`/.exec(recipe) ?? [];
    expect(readFileSync(join(ROOT, test), 'utf8')).toContain('after a rollback only those who came since');
  });

  it('BR3 have the recipe for Jest in CommonJS that the package test runs', () => {
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

  it.each(['README.md', 'docs/session-security.md'])('%s quotes tests by titles that they have', (path) => {
    const text = PAGES.find((page) => page.path === path)!.text.replace(/\s+/g, ' ');
    const quoted = [...text.matchAll(/“([^”]+)” \(`([^`]+)`\)/g)];
    expect(quoted.length).toBeGreaterThan(3);
    for (const [, title, file] of quoted) expect(readFileSync(join(ROOT, file!), 'utf8')).toContain(title);
  });

  it('show each requirement of the ASVS that the module meets by a test', () => {
    const { text } = PAGES.find(({ path }) => path === 'docs/session-security.md')!;
    const rows = text
      .split('\n')
      .filter((line) => /^\| \d/.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.map(([, id]) => id)).toEqual(ASVS_REQUIREMENTS);
    const isDocumentation = (id = ''): boolean => id.startsWith('7.1.');
    const unshown = rows.filter(
      ([, id, , module, , shownBy]) => !isDocumentation(id) && (module === '–') !== (shownBy === '–'),
    );
    expect(unshown).toEqual([]);
  });

  it('have a quick start of at most 30 lines', () => {
    const readme = PAGES.find(({ path }) => path === 'README.md')!;
    const [quickStart] = blocksOf(readme).filter(({ language }) => language === 'ts');
    expect(quickStart!.code.trim().split('\n').length).toBeLessThanOrEqual(30);
  });
});
