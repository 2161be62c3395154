import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { redisServerBinary } from './redis-server.mjs';

const PEERS = [
  'redis',
  'cache-manager',
  'keyv',
  '@keyv/redis',
  'bentocache',
  'ioredis',
  'express-session',
  'connect-redis',
  '@fastify/session',
];

const PLATFORM = [
  '@nestjs/core',
  '@nestjs/platform-express',
  'express',
  '@nestjs/platform-fastify',
  'fastify',
];

export const machine = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
});

/** The versions that ran, as they are installed. */
export const versions = () => ({
  node: process.version,
  redis: execFileSync(redisServerBinary(), ['--version'], { encoding: 'utf8' }).match(/v=(\S+)/)?.[1],
  ...Object.fromEntries(
    [...PEERS, ...PLATFORM].map((name) => [name === 'redis' ? 'node-redis' : name, versionOf(name)]),
  ),
});

const require = createRequire(import.meta.url);

const versionOf = (name) => {
  for (const folder of require.resolve.paths(name)) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version;
    } catch {
      // Nest, Express and Fastify stand further up.
    }
  }
  return undefined;
};
