// Runs the applications of this folder with the packed module and the libraries of others: npm run test:applications [word …]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
const words = process.argv.slice(2);

const npm = (folder, ...args) =>
  execFileSync('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });

/** Installs the libraries, and the module as it would be published. */
const install = () => {
  const folder = mkdtempSync(join(tmpdir(), 'codex-redis-applications-'));
  try {
    const tarball = npm(root, 'pack', '--silent', '--pack-destination', folder).trim().split('\n').at(-1);
    npm(here, 'ci', '--legacy-peer-deps');
    npm(here, 'install', '--no-save', '--legacy-peer-deps', join(folder, tarball));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

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

install();
writeDocumented();
execFileSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', here], { stdio: 'inherit' });
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
