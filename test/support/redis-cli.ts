import { execFileSync } from 'node:child_process';
import { redisServerBinary } from './find-redis.js';

/** Runs a command by redis-cli, the program beside the server's; its output as text. */
export const redisCli = (port: number, ...args: string[]): string =>
  execFileSync(redisServerBinary().replace(/-server$/, '-cli'), ['-p', String(port), '--raw', ...args], {
    encoding: 'utf8',
  }).trimEnd();
