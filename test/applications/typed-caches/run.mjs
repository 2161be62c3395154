// Stores what object mappers and schema libraries give, with the packed module: npm run test:typed-caches
// A folder of its own, so that the other applications install none of them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../../..');
const run = (folder, program, ...args) =>
  execFileSync(program, args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_ENV: 'test', SWC_NODE_PROJECT: join(here, 'tsconfig.json') },
  });
const npm = (folder, ...args) =>
  run(
    folder,
    'npm',
    ...args,
    '--legacy-peer-deps',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--silent',
  );

const folder = mkdtempSync(join(tmpdir(), 'codex-redis-typed-caches-'));
try {
  npm(root, 'pack', '--pack-destination', folder);
  npm(here, 'ci', '--ignore-scripts');
  const [tarball] = readdirSync(folder);
  npm(here, 'install', '--no-save', '--ignore-scripts', join(folder, tarball));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
run(root, join(root, 'node_modules/.bin/tsc'), '--noEmit', '-p', here);
run(
  here,
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--import=@swc-node/register/esm-register',
  '--test',
  ...readdirSync(here).filter((name) => name.endsWith('.library.ts')),
);
