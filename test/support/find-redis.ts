import { programOnPath, systemProgram } from './system-program.js';

const NAMES = ['redis-server', 'valkey-server'];

/** The path of a Redis server program, installing the system's package where that is allowed. */
export const redisServerBinary = (): string =>
  systemProgram({
    names: NAMES,
    packages: ['redis-server'],
    need: 'The tests need a real Redis server (7.0 or newer, or Valkey) of their own',
  });

/** Whether there is a Redis server program without installing one. */
export const hasRedisServer = (): boolean => programOnPath(NAMES) !== undefined;
