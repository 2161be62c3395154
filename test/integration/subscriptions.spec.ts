import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { POLICY } from '../../lib/store/redis/connection/policy.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import type { Subscription } from '../../lib/store/subscription.js';
import {
  ProxiedCluster,
  ProxiedSentinels,
  ProxiedServer,
  type ProxiedTopology,
} from '../support/proxied-topologies.js';
import { until } from '../support/redis-admin.js';
import { openSource } from '../support/stores.js';

const kinds: readonly (readonly [name: string, start: () => Promise<ProxiedTopology>])[] = [
  ['one Redis', () => ProxiedServer.start()],
  ['a Redis Cluster', () => ProxiedCluster.start()],
  ['a master behind Sentinels', () => ProxiedSentinels.start()],
];

describe.each(kinds)('subscriptions on %s', (name, start) => {
  let topology: ProxiedTopology;
  let store: KeyValueStore;
  let channel: string;
  let subscription: Subscription | undefined;
  let heard: string[];
  let intervals: jest.SpiedFunction<typeof setInterval>;

  beforeAll(async () => {
    topology = await start();
  });

  afterAll(() => topology.stop());

  beforeEach(async () => {
    intervals = jest.spyOn(globalThis, 'setInterval');
    Logger.overrideLogger(false);
    channel = `test-${randomUUID()}`;
    heard = [];
    store = openSource(topology.source);
    await store.connect();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const proxy of topology.allProxies) proxy.pass();
    await store.close();
    subscription = undefined;
  });

  const connections = (): number => topology.proxies.reduce((sum, proxy) => sum + proxy.open, 0);

  const subscribe = async (): Promise<void> => {
    subscription = store.subscribe(channel, (message) => heard.push(message));
    await subscription.ready;
  };

  /** Past the proxies. */
  const isSubscribed = async (): Promise<boolean> => {
    const counts = await Promise.all(
      topology.masters.map((master) => topology.command<string[]>(master, 'PUBSUB', 'CHANNELS', channel)),
    );
    return counts.flat().length > 0;
  };

  const arrives = async (message: string): Promise<void> => {
    const [master] = topology.masters;
    await until(`${message} arrives`, async () => {
      await topology.command(master!, 'PUBLISH', channel, message);
      return heard.includes(message);
    });
  };

  /** Does what is done from time to time. */
  const checkSubscriptions = (): void => {
    for (const [check, ms] of intervals.mock.calls) if (ms === POLICY.subscriptionCheckMs) check();
  };

  it('have a connection of their own, which is there as long as one of them is', async () => {
    const before = connections();
    await store.publish(channel, 'nobody');
    expect(connections()).toBe(before);
    await subscribe();
    expect(connections()).toBe(before + 1);
    await arrives('a');
    await subscription!.end();
    await until('it is closed', () => Promise.resolve(connections() === before));
    expect(await isSubscribed()).toBe(false);
  });

  it('are there again by themselves after their connection was lost', async () => {
    await subscribe();
    for (const proxy of topology.proxies) proxy.drop();
    await arrives('a');
  });

  it('are there again after their connection was lost without notice', async () => {
    await subscribe();
    const accepted = (): number => topology.proxies.reduce((sum, proxy) => sum + proxy.accepted, 0);
    const before = accepted();
    for (const proxy of topology.allProxies) proxy.forget();
    // long enough without a byte for the check to doubt it
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + POLICY.idleMs + 1);
    checkSubscriptions();
    await until('it is replaced', () => Promise.resolve(accepted() > before));
    await arrives('a');
  });

  it('that cannot be made say so in time, and are made later', async () => {
    for (const proxy of topology.allProxies) proxy.swallow();
    const late = store.subscribe(channel, (message) => heard.push(message));
    await expect(late.ready).rejects.toThrow(RedisConnectionError);
    for (const proxy of topology.allProxies) {
      proxy.pass();
      proxy.drop();
    }
    await arrives('a');
  });

  if (name === 'one Redis') {
    it('that the server refuses say so, cost no attempt after the other, and are made once they are allowed', async () => {
      const [master] = topology.masters;
      const [proxy] = topology.proxies;
      await topology.command(master!, 'ACL', 'SETUSER', 'shop', 'on', '>pw', '~*', '+@all', 'resetchannels');
      const url = `redis://shop:pw@127.0.0.1:${proxy!.port}`;
      const restricted = openSource({ kind: 'url', url });
      await restricted.connect();
      const refused = restricted.subscribe(channel, (message) => heard.push(message));
      const error = { name: 'RedisServiceError', replyCode: 'NOPERM' };
      await expect(refused.ready).rejects.toMatchObject(error);
      await expect(refused.ready).rejects.toThrow('lacks an &pattern for the channel');
      const { accepted } = proxy!;
      await restricted.ping();
      expect(proxy!.accepted).toBe(accepted);
      await topology.command(master!, 'ACL', 'SETUSER', 'shop', `&${channel}`);
      checkSubscriptions();
      await arrives('a');
      await restricted.close();
    });

    it('of a client that was handed in leave that alone', async () => {
      const [proxy] = topology.proxies;
      const client = await createClient({ url: proxy!.url, RESP: 2 }).connect();
      const given = openSource({ kind: 'client', client });
      await given.connect();
      const own = given.subscribe(channel, (message) => heard.push(message));
      await own.ready;
      await arrives('a');
      expect(await client.sendCommand(['PUBSUB', 'NUMSUB', channel])).toEqual([channel, 1]);
      const before = connections();
      await given.close();
      await until('the own connection is closed', () => Promise.resolve(connections() === before - 1));
      expect(await client.ping()).toBe('PONG');
      client.destroy();
    });
  }
});
