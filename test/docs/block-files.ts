import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeBlock, ROOT } from './pages.js';

const FOLDER = join(ROOT, 'test/docs/.blocks');

/** A block of TypeScript written to a file, where the compiler and the test can take it from. */
export interface BlockFile {
  readonly block: CodeBlock;
  readonly path: string;
}

export const writeBlocks = (blocks: readonly CodeBlock[]): BlockFile[] => {
  removeBlocks();
  mkdirSync(FOLDER, { recursive: true });
  copyFileSync(join(ROOT, 'test/docs/app.module.ts'), join(FOLDER, 'app.module.ts'));
  return blocks.map((block) => {
    const name = block.page.replace(/\W/g, '-').toLowerCase();
    const path = join(FOLDER, `${name}-${block.line}.ts`);
    writeFileSync(path, `${onTestRedis(withChecks(block.code))}\nexport {};\n`);
    return { block, path };
  });
};

/** What the pages call by the address everybody knows is the Redis of the tests here. */
const onTestRedis = (code: string): string =>
  code.replaceAll('redis://localhost:6379/0', process.env['TEST_REDIS_URL'] ?? 'memory:');

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
