import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** Runs a program in a folder and shows what it says. */
export const run = (folder, program, args, env = {}) =>
  execFileSync(program, args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });

const npm = (folder, ...args) =>
  run(folder, 'npm', [...args, '--prefer-offline', '--no-audit', '--no-fund', '--silent']);

/**
 * Installs what the lockfile of a folder names, and beside it the module as it would be published.
 *
 * @param {string} folder
 * @param {object} [options]
 * @param {string[]} [options.flags] of npm in the folder
 * @param {boolean} [options.withTypes] whether the module is packed with its types, which takes longer
 */
export const installPacked = (folder, { flags = [], withTypes = true } = {}) => {
  const packed = mkdtempSync(join(tmpdir(), 'codex-redis-packed-'));
  try {
    if (!withTypes) npm(root, 'run', 'bundle');
    npm(root, 'pack', '--pack-destination', packed, ...(withTypes ? [] : ['--ignore-scripts']));
    npm(folder, 'ci', ...flags);
    const [tarball] = readdirSync(packed);
    npm(folder, 'install', '--no-save', ...flags, join(packed, tarball));
  } finally {
    rmSync(packed, { recursive: true, force: true });
  }
};
