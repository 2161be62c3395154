import type { CodexRedisOptions } from '../../../lib/index.js';
import { resolveSettings } from '../../../lib/config/resolve-settings.js';

const rootNodes = [{ url: 'redis://one' }];
const sentinelRootNodes = [{ host: 'one', port: 26379 }];

describe('CN6 the types of the options of connections', () => {
  it('take what the module honours', () => {
    const taken: CodexRedisOptions[] = [
      { url: 'redis://one', clientOptions: { username: 'ada', name: 'shop', socket: { keepAlive: true } } },
      {
        url: 'rediss://one',
        clientOptions: { socket: { tls: true, servername: 'one', rejectUnauthorized: false } },
      },
      { url: 'redis://one', clientOptions: { pingInterval: 1000 } },
      {
        cluster: {
          rootNodes,
          useReplicas: true,
          defaults: { password: 'x', socket: { tls: true, ca: 'x' } },
        },
      },
      { cluster: { rootNodes: [{ socket: { host: 'one', port: 7000 } }], nodeAddressMap: () => undefined } },
      {
        sentinel: { name: 'one', sentinelRootNodes, replicaPoolSize: 1, nodeClientOptions: { database: 2 } },
      },
      {
        sentinel: {
          name: 'one',
          sentinelRootNodes,
          sentinelClientOptions: { socket: { tls: true } },
          nodeClientOptions: { socket: { tls: true } },
        },
      },
    ];
    for (const options of taken) expect(() => resolveSettings(options)).not.toThrow();
  });

  it('take nothing else, at any depth', () => {
    const refused: CodexRedisOptions[] = [
      // @ts-expect-error -- the deadline is the module's
      { clientOptions: { commandOptions: {} } },
      // @ts-expect-error -- stands in the url
      { clientOptions: { database: 3 } },
      // @ts-expect-error -- stands in the url
      { clientOptions: { socket: { host: 'one' } } },
      // @ts-expect-error -- connections are made again by the module
      { clientOptions: { socket: { reconnectStrategy: false } } },
      // @ts-expect-error -- is cache.keyPrefix
      { clientOptions: { keyPrefix: 'x:' } },
      // @ts-expect-error -- must be set in socket
      { clientOptions: { tls: true } },
      // @ts-expect-error -- there is no such cache
      { cluster: { rootNodes, clientSideCache: {} } },
      // @ts-expect-error -- is cache.keyPrefix
      { cluster: { rootNodes, keyPrefix: 'x:' } },
      // @ts-expect-error -- is connectTimeoutMs
      { cluster: { rootNodes, defaults: { socket: { connectTimeout: 1 } } } },
      // @ts-expect-error -- is always 3
      { cluster: { rootNodes: [{ url: 'redis://one', RESP: 2 }] } },
      // @ts-expect-error -- one connection carries all calls
      { sentinel: { name: 'one', sentinelRootNodes, masterPoolSize: 2 } },
      // @ts-expect-error -- the deadline is the module's
      { sentinel: { name: 'one', sentinelRootNodes, nodeClientOptions: { commandOptions: {} } } },
      // @ts-expect-error -- replicas serve reads by other options
      { url: 'redis://one', clientOptions: { readonly: true } },
      // @ts-expect-error -- a Cluster has one database
      { cluster: { rootNodes, defaults: { database: 2 } } },
      // @ts-expect-error -- the nodes are found
      { cluster: { rootNodes, defaults: { socket: { host: 'one' } } } },
      // @ts-expect-error -- the master is found
      { sentinel: { name: 'one', sentinelRootNodes, nodeClientOptions: { socket: { port: 1 } } } },
      // @ts-expect-error -- Sentinels have no databases
      { sentinel: { name: 'one', sentinelRootNodes, sentinelClientOptions: { database: 1 } } },
      // @ts-expect-error -- stands in sentinelClientOptions
      { sentinel: { name: 'one', sentinelRootNodes: [{ host: 'one', port: 1, password: 'x' }] } },
    ];
    for (const options of refused)
      expect(() => resolveSettings(options)).toThrow(/clientOptions|cluster|sentinel/);
  });
});
