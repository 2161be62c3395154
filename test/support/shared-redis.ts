import { execFileSync } from 'node:child_process';
import { hasRedisServer } from './find-redis.js';
import { RedisServer } from './redis-server.js';

export interface SharedRedis {
  readonly url: string;
  stop(): Promise<void>;
}

declare global {
  var sharedRedis: SharedRedis | undefined;
  var keysBefore: number | undefined;
}

/**
 * A real Redis for the whole run: the one of TEST_REDIS_URL, else a server program on the PATH, else a container
 * where a Docker engine answers, else the system's package.
 */
export const startSharedRedis = async (): Promise<SharedRedis> => {
  const url = process.env['TEST_REDIS_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  return !hasRedisServer() && dockerAnswers() ? startContainer() : RedisServer.start();
};

const dockerAnswers = (): boolean => {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
};

const startContainer = async (): Promise<SharedRedis> => {
  const { GenericContainer } = await import('testcontainers');
  const container = await new GenericContainer('redis:7-alpine').withExposedPorts(6379).start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}/0`,
    stop: async () => {
      await container.stop();
    },
  };
};
