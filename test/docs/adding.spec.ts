import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pages, ROOT } from './pages.js';

const { text } = pages().find(({ path }) => path === 'docs/adding-a-store.md')!;

/** The part of the page under a heading. */
const section = (heading: string): string => text.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

/** The paths in a text. */
const pathsIn = (part: string): string[] =>
  [...part.matchAll(/`((?:lib|test|docs)\/[\w./-]+\.(?:ts|md))`/g)].map(([, path = '']) => path);

describe('the page about adding a store, a verb, a kind of connection, a call', () => {
  it('names files that are there', () => {
    expect(pathsIn(text).length).toBeGreaterThan(20);
    expect(pathsIn(text).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const names = new Set(filesOf('lib').map((path) => basename(path)));
    const short = [...text.matchAll(/`([\w-]+\.ts)`/g)].map(([, name = '']) => name);
    expect(short.length).toBeGreaterThan(5);
    expect(short.filter((name) => !names.has(name))).toEqual([]);
  });

  it('names what the files have', () => {
    const named = [...text.matchAll(/`(\w+)(?:\(\))?`(?: in | \()`((?:lib|test)\/[\w./-]+\.ts)`/g)];
    expect(named.length).toBeGreaterThan(5);
    expect(
      named.filter(([, name = '', path = '']) => !read(path).includes(name)).map(([all]) => all),
    ).toEqual([]);
  });

  it('leads from one call of the cache to every file that names it', () => {
    const part = section('How to add a call of the cache');
    const [list = ''] = part.split(/\n\n(?=[^1-9\s])/);
    const steps = list.split(/^\d\. /m);
    const stepsOf = (...numbers: number[]): string[] => numbers.flatMap((number) => pathsIn(steps[number]!));
    const call = /\bexpireAt\b/;
    const listed = stepsOf(1, 2, 3, 7, 8, 9).filter((path) => !/support|cache-observer/.test(path));
    expect(listed.length).toBeGreaterThan(10);
    expect(listed.filter((path) => !call.test(read(path)))).toEqual([]);
    const others = [...filesOf('lib'), ...filesOf('test/contract'), ...filesOf('test/unit')];
    expect(others.filter((path) => call.test(read(path)) && !listed.includes(path))).toEqual([]);
  });
});
