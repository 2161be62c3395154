// Runs the applications of this folder with the packed module and the libraries of others: npm run test:applications [word …]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPacked, root, run } from './support/install-packed.mjs';

const here = import.meta.dirname;
const words = process.argv.slice(2);

/** The wiring that the page shows is what the applications use: each of its blocks is a file here. */
const documented = join(here, 'documented');
const writeDocumented = () => {
  rmSync(documented, { recursive: true, force: true });
  mkdirSync(documented);
  const page = readFileSync(join(root, 'docs/other-libraries.md'), 'utf8');
  for (const [, name, code] of page.matchAll(/^```ts application ([\w-]+)\n(.*?)^```$/gms))
    writeFileSync(join(documented, `${name}.ts`), code);
};

const files = readdirSync(here, { recursive: true })
  .filter((path) => path.endsWith('.application.ts') && !path.includes('node_modules'))
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
if (files.length === 0) throw new Error(`No application's path has ${words.join(' or ')} in it`);

installPacked(here, { flags: ['--legacy-peer-deps'] });
writeDocumented();
run(here, join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', here]);
const { status } = spawnSync(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--import=@swc-node/register/esm-register',
    '--test',
    '--test-concurrency=2',
    '--test-timeout=120000',
    '--test-reporter=spec',
    ...files.map((path) => relative(here, join(here, path))),
  ],
  {
    cwd: here,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'test', SWC_NODE_PROJECT: join(here, 'tsconfig.json') },
  },
);
process.exitCode = status ?? 1;
