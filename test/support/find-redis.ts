import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const BINARIES = ['redis-server', 'valkey-server'];

/** The path of a Redis server program, installing the system's package where that is allowed. */
export const redisServerBinary = (): string => {
  const found = onPath();
  if (found !== undefined) return found;
  installSystemPackage();
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new Error(
    'The tests need a real Redis server of their own. Put redis-server or valkey-server (7.0 or newer) on the PATH, ' +
      'or run them as a user who may install the package redis-server with apt-get.',
  );
};

/** The path of a Redis server program, `undefined` where there is none yet. */
export const onPath = (): string | undefined =>
  BINARIES.map(commandOnPath).find((path) => path !== undefined);

/** The path of a program, `undefined` where there is none. */
export const commandOnPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const installSystemPackage = (): void => {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args: string[]): void => {
    const [program, ...rest] = [...asRoot, 'apt-get', ...args];
    execFileSync(program!, rest, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  try {
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', 'redis-server');
  } catch {
    // The caller says what is missing.
  }
};
