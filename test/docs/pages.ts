import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A page of the documentation; `path` is relative to the root of the repository. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

const page = (path: string): Page => ({ path, text: readFileSync(join(ROOT, path), 'utf8') });

/** Every page a reader may come to. */
export const pages = (): Page[] =>
  [
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'benchmark/README.md'],
    ...readdirSync(join(ROOT, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ].map(page);

/** A fenced block of code. */
export interface CodeBlock {
  readonly page: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language, such as `test`. */
  readonly marks: readonly string[];
  readonly code: string;
}

const FENCE = /^```(\w*)([^\n]*)\n(.*?)^```$/gms;

export const blocksOf = ({ path, text }: Page): CodeBlock[] =>
  [...text.matchAll(FENCE)].map(({ 1: language = '', 2: marks = '', 3: code = '', index }) => ({
    page: path,
    line: text.slice(0, index).split('\n').length + 1,
    language,
    marks: marks.split(' ').filter((mark) => mark !== ''),
    code,
  }));

/** The text of a page without its blocks of code. */
export const withoutBlocks = (text: string): string => text.replace(FENCE, '');
