// Runs Keyv's own cases, what runs on Keyv, and the embedded store under Vitest, with the packed module: npm run test:vitest
// A folder of its own, since the cases want that test runner and a native database, which is not built here.
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
    env: { ...process.env, NODE_ENV: 'test' },
  });
const npm = (folder, ...args) =>
  run(folder, 'npm', ...args, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--silent');

const folder = mkdtempSync(join(tmpdir(), 'codex-redis-vitest-'));
try {
  run(root, 'npm', 'run', '--silent', 'bundle');
  npm(root, 'pack', '--pack-destination', folder);
  npm(here, 'ci');
  const [tarball] = readdirSync(folder);
  npm(here, 'install', '--no-save', join(folder, tarball));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
run(here, 'npx', 'vitest', 'run');
