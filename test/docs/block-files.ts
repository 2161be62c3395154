import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeBlock, ROOT } from './pages.js';
import { type StandIns, withStandIns } from './stand-ins.js';

const FOLDER = join(ROOT, 'test/docs/.blocks');

/** A block of TypeScript and the file where the compiler and the test take it from. */
export interface BlockFile {
  readonly block: CodeBlock;
  readonly path: string;
}

export const fileOf = (block: CodeBlock): BlockFile => {
  const name = block.page.replace(/\W/g, '-').toLowerCase();
  return { block, path: join(FOLDER, `${name}-${block.line}.ts`) };
};

export const writeBlock = ({ block, path }: BlockFile, standIns: StandIns): void => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, `${withChecks(withStandIns(block, standIns))}\nexport {};\n`);
};

/** Puts the application that the page about testing tests beside the blocks. */
export const writeApplication = (): void => {
  mkdirSync(FOLDER, { recursive: true });
  copyFileSync(join(ROOT, 'test/docs/app.module.ts'), join(FOLDER, 'app.module.ts'));
};

export const removeBlocks = (): void => rmSync(FOLDER, { recursive: true, force: true });

export const givenFile = join(ROOT, 'test/docs/given.ts');

const STATEMENT = /^(\s*)(?:(const \w+ = .+)|(.+)); \/\/ → (.+)$/gm;

/** Turns `expression; // → value` into a check, and keeps the lines where they are. */
const withChecks = (code: string): string =>
  code.replace(
    STATEMENT,
    (_, indent: string, constant: string | undefined, expression: string, value: string) =>
      constant === undefined
        ? `${indent}check(${expression}, ${value});`
        : `${indent}${constant}; check(${/const (\w+)/.exec(constant)?.[1] ?? ''}, ${value});`,
  );
