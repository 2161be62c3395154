import { execFileSync } from 'node:child_process';
import { programOnPath } from './system-program.js';

/** Runs a command by redis-cli, which comes with the server; its output as text. */
export const redisCli = (port: number, ...args: string[]): string =>
  execFileSync(
    programOnPath(['redis-cli', 'valkey-cli']) ?? 'redis-cli',
    ['-p', String(port), '--raw', ...args],
    {
      encoding: 'utf8',
    },
  ).trimEnd();
