import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { type ApplicationProcess, startApplication } from '../support/application-process.js';
import { RedisServer } from '../support/redis-server.js';

const PROGRAM = fileURLToPath(new URL('../support/throttled-app.ts', import.meta.url));

const start = (environment: Record<string, string>): Promise<ApplicationProcess> =>
  startApplication(PROGRAM, environment);

const statuses = async (requests: readonly string[]): Promise<number[]> =>
  Promise.all(requests.map(async (url) => (await fetch(url)).status));

describe('@nestjs/throttler on the storage of this module', () => {
  const instances: ApplicationProcess[] = [];

  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.stop()));
  });

  it('gives two instances of an application one limit', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const environment = { REDIS_URL: process.env['TEST_REDIS_URL']!, KEY_PREFIX: keyPrefix };
    instances.push(...(await Promise.all([start(environment), start(environment)])));

    const answers = await statuses(Array.from({ length: 24 }, (_, i) => instances[i % 2]!.url));

    expect(answers.filter((status) => status === 200)).toHaveLength(10);
    expect(answers.filter((status) => status === 429)).toHaveLength(14);
    const client = await createClient({ url: environment.REDIS_URL }).connect();
    expect(await client.unlink(await client.keys(`${keyPrefix}:throttle:*`))).toBe(1);
    client.destroy();
  }, 30_000);

  it('refuses while Redis is down, or lets pass with a warning where that was asked for', async () => {
    const redis = await RedisServer.start();
    const environment = { REDIS_URL: redis.url, KEY_PREFIX: 'shop' };
    const [refusing, allowing] = await Promise.all([
      start(environment),
      start({ ...environment, WHEN_UNAVAILABLE: 'allow' }),
    ]);
    instances.push(refusing, allowing);
    await redis.stop();

    expect(await statuses(Array(3).fill(refusing.url) as string[])).toEqual([503, 503, 503]);
    expect(await statuses(Array(15).fill(allowing.url) as string[])).toEqual(Array(15).fill(200));
    expect(allowing.log().match(/Requests pass without a rate limit/g)).toHaveLength(1);
  }, 30_000);
});
