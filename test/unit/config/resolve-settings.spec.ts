import { inspect } from 'node:util';
import fc from 'fast-check';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { CacheKeys } from '../../../lib/cache/cache-keys.js';
import { optionsFromEnvironment } from '../../../lib/config/environment.js';
import type { CodexRedisOptions } from '../../../lib/config/options.js';
import {
  resolveNamedCache,
  resolveSettings,
  settingsWarnings,
} from '../../../lib/config/resolve-settings.js';
import { SessionCookie } from '../../../lib/session-http/headers/session-cookie.js';
import { ImproperlyConfiguredError } from '../../../lib/errors/improperly-configured.error.js';

const secretKey = 'k'.repeat(32);
const withSessions = { projectName: 'shop', secretKey, session: {} };

const problemsOf = (options: unknown): readonly string[] => {
  try {
    resolveSettings(options as CodexRedisOptions);
  } catch (error) {
    if (error instanceof ImproperlyConfiguredError) return error.problems;
    throw error;
  }
  return [];
};

const frozen = <T extends object>(value: T): T => {
  Object.values(value).forEach((inner: unknown) => {
    if (typeof inner === 'object' && inner !== null) frozen(inner);
  });
  return Object.freeze(value);
};

describe('resolveSettings', () => {
  describe('SX4 refuses TLS on the first step beside none on the next', () => {
    const tls = { socket: { tls: true } } as const;
    const roots = (...rootNodes: object[]) => ({ rootNodes });
    const sentinel = { name: 'm', sentinelRootNodes: [{ host: 'one', port: 1 }] };

    it.each<[object, RegExp]>([
      [
        { cluster: roots({ url: 'redis://one' }, { url: 'rediss://two' }) },
        /^cluster\.rootNodes\.1 asks.*cluster\.defaults\.socket\.tls/,
      ],
      [{ cluster: roots({ url: 'valkeys://one' }) }, /^cluster\.rootNodes\.0 asks/],
      [{ cluster: { ...roots(tls), defaults: { password: 'x' } } }, /^cluster\.rootNodes\.0 asks/],
      [
        { ...withSessions, session: { cluster: roots(tls) } },
        /^session\.cluster\.rootNodes\.0 asks.*session\.cluster\.defaults/,
      ],
      [
        { sentinel: { ...sentinel, sentinelClientOptions: tls } },
        /^sentinel\.sentinelClientOptions asks.*sentinel\.nodeClientOptions\.socket\.tls/,
      ],
      [
        { sentinel: { ...sentinel, sentinelClientOptions: tls, nodeClientOptions: { password: 'x' } } },
        /^sentinel\.sentinelClientOptions asks/,
      ],
    ])('%j', (options, problem) => {
      expect(problemsOf(options)).toEqual([expect.stringMatching(problem)]);
    });

    it.each<object>([
      { cluster: { ...roots({ url: 'rediss://one' }, { url: 'redis://two' }), defaults: tls } },
      { cluster: roots({ url: 'redis://one' }) },
      { sentinel: { ...sentinel, sentinelClientOptions: tls, nodeClientOptions: tls } },
      { sentinel: { ...sentinel, nodeClientOptions: tls } },
    ])('and nothing else: %j', (options) => {
      expect(problemsOf(options)).toEqual([]);
    });
  });

  it('has the documented defaults', () => {
    const { store, sessionStore, ...settings } = resolveSettings({});
    expect(store.reveal()).toMatchObject({
      source: { kind: 'url', url: 'redis://localhost:6379/0' },
      clientOptions: {},
      operationTimeoutMs: 1000,
      connectTimeoutMs: 5000,
    });
    expect(sessionStore.reveal()).toMatchObject({
      source: { kind: 'url', url: 'redis://localhost:6379/0' },
    });
    expect(settings).toMatchObject({
      cache: {
        place: 'cache.',
        keyPrefix: '',
        sessionNamespaces: [],
        timeoutMs: 300_000,
        version: 1,
      },
      session: null,
    });
  });

  it('has the documented defaults of sessions', () => {
    const { session } = resolveSettings(withSessions);
    expect(session!.secretKeys.reveal()).toEqual([secretKey]);
    expect(session).toMatchObject({
      projectName: 'shop',
      keyPrefix: 'session',
      salt: 'django.contrib.sessions.SessionStore',
      age: 1_209_600,
      expireAtBrowserClose: false,
      saveEveryRequest: false,
      maxBytes: 262_144,
      mount: 'global',
      load: 'always',
      cookie: { name: 'sessionid_shop', path: '/', secure: false, httpOnly: true, sameSite: 'lax' },
      cacheControl: 'private, no-store',
      operationTimeoutMs: 1000,
    });
  });

  it('makes the cookie secure in production', () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      expect(resolveSettings(withSessions).session?.cookie.secure).toBe(true);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('reports every problem in one error, with its path', () => {
    const problems = problemsOf({
      url: 'http://localhost',
      operationTimeoutMs: 0,
      secretKey: '',
      cache: { keyPrefix: 'a:1', timeout: '300', version: -1, keyprefix: 'x', serializer: {} },
      session: { keyPrefix: '7', age: 0, mount: 'local', cookie: { sameSite: 'none', path: 'x' } },
    });
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'cache.keyPrefix',
      'cache.keyprefix',
      'cache.serializer',
      'cache.timeout',
      'cache.version',
      'operationTimeoutMs',
      'projectName',
      'secretKey',
      'session.age',
      'session.cookie.path',
      'session.cookie.sameSite',
      'session.keyPrefix',
      'session.mount',
      'url',
    ]);
  });

  it.each<[object, readonly (string | RegExp)[]]>([
    [{ idleTimeout: '30m', absoluteTimeout: '12h', touchInterval: 0 }, []],
    [{ touchInterval: 60 }, [/^session\.touchInterval needs session\.idleTimeout beside it/]],
    [
      { idleTimeout: '1h', touchInterval: 3600 },
      [/^session\.touchInterval must be shorter than session\.idleTimeout/],
    ],
    [{ idleTimeout: 0 }, [/^session\.idleTimeout must be seconds from 1/]],
    [{ absoluteTimeout: 'soon' }, [/^session\.absoluteTimeout must be seconds from 1/]],
  ])('US8 US9 checks the timeouts of sessions together: %j', (session, expected) => {
    expect(problemsOf({ ...withSessions, session })).toEqual(
      expected.map((message): unknown => expect.stringMatching(message)),
    );
  });

  const ENCRYPTION_KEY = Buffer.alloc(32, 7);

  it.each<[object, readonly RegExp[]]>([
    [{ django: false, atRest: { hashKeys: true } }, []],
    [{ django: false, atRest: { encryption: [ENCRYPTION_KEY] } }, []],
    [{ django: false, atRest: { encryption: [ENCRYPTION_KEY.toString('base64url')] } }, []],
    [{ django: false, atRest: { encryption: [ENCRYPTION_KEY.toString('base64')], since: new Date() } }, []],
    [
      { atRest: { hashKeys: true } },
      [/^session\.atRest cannot be read by Django; .* session\.django to false/],
    ],
    [
      { django: true, atRest: { encryption: [ENCRYPTION_KEY] } },
      [/^session\.atRest cannot be read by Django/],
    ],
    [{ django: false, atRest: {} }, [/^session\.atRest needs hashKeys: true, or encryption/]],
    [
      { django: false, atRest: { encryption: [] } },
      [/^session\.atRest\.encryption must be a non-empty array/, /./],
    ],
    [{ django: false, atRest: { hashKeys: true, encryption: ['short'] } }, [/each of 32 random bytes/]],
    [
      { django: false, atRest: { hashKeys: true, encryption: [Buffer.alloc(31)] } },
      [/each of 32 random bytes/],
    ],
    [
      { django: false, atRest: { hashKeys: true, since: '2026-01-01' } },
      [/^session\.atRest\.since must be a valid Date/],
    ],
    [{ django: false, atRest: { hashKeys: true, since: new Date(Number.NaN) } }, [/must be a valid Date/]],
  ])('US12 US13 checks what protects sessions at rest: %j', (session, expected) => {
    expect(problemsOf({ ...withSessions, session })).toEqual(
      expected.map((message): unknown => expect.stringMatching(message)),
    );
  });

  it('SX6 US12 shows no encryption key, in whatever form it was given', () => {
    const text = ENCRYPTION_KEY.toString('base64url');
    const settings = resolveSettings({
      ...withSessions,
      session: { django: false, atRest: { encryption: [text, ENCRYPTION_KEY] } },
    });
    const shown =
      inspect(settings, { depth: null, showHidden: true, getters: true }) + JSON.stringify(settings);
    expect(shown).not.toContain(text);
    expect(shown).not.toMatch(/07 07|7,\s*7/);
    expect(settings.session!.atRest!.encryption!.reveal()).toEqual([
      ENCRYPTION_KEY,
      new Uint8Array(ENCRYPTION_KEY),
    ]);
  });

  it('shows no value in a message', () => {
    const problems = problemsOf({
      url: 'redis://:hunter2@host/0/1',
      secretKey: '',
      secretKeyFallbacks: 'hunter2',
      cache: { timeout: 'hunter2' },
      session: { cookie: { name: 'hunter2;' } },
    });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('never changes what it was given', () => {
    const options = frozen({
      ...withSessions,
      cache: { keyPrefix: 'shop' },
      session: { cookie: { path: '/a' } },
    });
    expect(() => resolveSettings(options)).not.toThrow();
  });

  it.each([undefined, null, 5, 'memory:'])('refuses %p as options, and asks about the factory', (options) => {
    expect(() => resolveSettings(options as never)).toThrow(/must be an object.*factory/);
  });

  it('says where isGlobal belongs when a factory returns it', () => {
    expect(problemsOf({ isGlobal: true })).toEqual([
      expect.stringMatching(/^isGlobal belongs beside the factory/),
    ]);
  });

  it.each([
    ['redis://localhost', true],
    ['redis://user:p%40ss@host:6380/3', true],
    ['rediss://host', true],
    ['valkey://user:p%40ss@host:6380/3', true],
    ['valkeys://host', true],
    ['valkey:host', false],
    ['keydb://host', false],
    ['unix:///run/redis.sock?db=2', true],
    ['memory:', true],
    ['redis://host/db', false],
    ['redis:host', false],
    ['localhost:6379', false],
    ['redis://us er@host', false],
    ['redis:///0', false],
    ['redis://host?db=3', false],
    ['redis://host/0?db=3', false],
    ['rediss://host/3#', false],
    ['redis://user:4711?rest@host', false],
    ['redis://user:4711#rest@host', false],
    ['', false],
  ])('url %p is accepted: %p', (url, accepted) => {
    expect(problemsOf({ url }).length === 0).toBe(accepted);
  });

  it.each([
    ['"redis://:hunter2@host"', /^url must not contain quotes; remove quotes around the url/],
    ["'redis://:hunter2@host'", /^url must not contain quotes/],
    ["redis://:hunt'er2@host", /^url must not contain quotes; .*%22 and %27 for quotes in a password/],
    ['`memory:`', /^url must not contain quotes/],
    [' redis://:hunter2@host', /^url must not contain a space; remove it/],
    ['redis://:hunter 2@host', /^url must not contain a space; .*%20 for a space in a password/],
    ['redis://:hunter2@host\t', /^url must not contain a space/],
    ['redis://:hunter2@host\n', /^url must not contain a line end; remove it/],
    ['valkey://:hunter2@host\r\n', /^url must not contain a line end/],
    ['unix:///run/my redis.sock', /^url must not contain a space/],
  ])('CN7 refuses the url %j, and says of what', (url, problem) => {
    expect(problemsOf({ url })).toEqual([expect.stringMatching(problem)]);
    expect(problemsOf({ url }).join()).not.toMatch(/hunter|er2/);
    const path = (place: string) =>
      expect.stringMatching(new RegExp(problem.source.replace('^url', place))) as string;
    expect(problemsOf({ cluster: { rootNodes: [{ url: 'redis://one' }, { url }] } })).toEqual([
      path('^cluster\\.rootNodes\\.1\\.url'),
    ]);
    expect(problemsOf({ ...withSessions, session: { url } })).toEqual([path('^session\\.url')]);
  });

  it('CN7 names the environment variable of such a url', () => {
    expect(problemsOf(optionsFromEnvironment({ REDIS_URL: '"redis://host"' }))).toEqual([
      expect.stringMatching(/^url \(environment variable REDIS_URL\) must not contain quotes/),
    ]);
  });

  it('says how a url names its database', () => {
    expect(problemsOf({ url: 'redis://host?db=3' })).toEqual([
      expect.stringMatching(
        /^url must be redis:\/\/host:port\/3 for database 3 \(no \?db=\).*percent-encode/,
      ),
    ]);
  });

  it('takes one way to Redis at most', () => {
    const client = { sendCommand: () => Promise.resolve(), isOpen: true, isReady: true };
    expect(problemsOf({ url: 'memory:', client })).toEqual([
      expect.stringMatching(/^client cannot stand beside url/),
    ]);
    expect(problemsOf({ ...withSessions, session: { url: 'memory:', cluster: { rootNodes: [] } } })).toEqual([
      expect.stringMatching(/^session.cluster cannot stand beside session.url/),
    ]);
  });

  it('keeps what makes a client settle and recover', () => {
    expect(
      problemsOf({ clientOptions: { disableOfflineQueue: false, commandOptions: {}, name: 'shop' } }),
    ).toHaveLength(2);
    expect(problemsOf({ clientOptions: {}, cluster: { rootNodes: [] } })).toEqual([
      expect.stringContaining('cluster.defaults'),
    ]);
  });

  it.each([
    [
      { useReplica: true },
      {},
      'cluster.useReplica is not an option that this module supports (did you mean `useReplicas`?)',
    ],
    [{ keyPrefix: 'x:' }, {}, 'cluster.keyPrefix has no effect here; set cache.keyPrefix'],
    [{ commandOptions: {} }, {}, "cluster.commandOptions is the module's own; set operationTimeoutMs"],
    [{ clientSideCache: {} }, {}, "cluster.clientSideCache is the module's own; leave it out"],
    [
      {},
      { replicaPoolsize: 1 },
      'sentinel.replicaPoolsize is not an option that this module supports (did you mean `replicaPoolSize`?)',
    ],
    [{}, { masterPoolSize: 2 }, "sentinel.masterPoolSize is the module's own; leave it out"],
    [{}, { scanInterval: 2 }, "sentinel.scanInterval is the module's own; leave it out"],
    [{}, { password: 'x' }, 'sentinel.password is not an option that this module supports'],
  ])(
    'CN6 refuses %j of a Cluster and %j of Sentinels, with the nearest known one',
    (ofCluster, ofSentinel, problem) => {
      const options =
        Object.keys(ofCluster).length > 0
          ? { cluster: { rootNodes: [{ url: 'redis://one' }], ...ofCluster } }
          : { sentinel: { name: 'one', sentinelRootNodes: [{ host: 'one', port: 1 }], ...ofSentinel } };
      expect(problemsOf(options as never)).toEqual([expect.stringContaining(problem)]);
      const session = options as never;
      expect(problemsOf({ ...withSessions, session })).toEqual([
        expect.stringContaining(`session.${problem}`),
      ]);
    },
  );

  it.each([
    [{ tls: true }, /^PATH.tls has no effect here; put tls into socket/],
    [{ keyPrefix: 'x:' }, /^PATH.keyPrefix has no effect here; set cache.keyPrefix/],
    [{ retryStrategy: () => 50 }, /^PATH.retryStrategy has no effect here/],
    [{ pasword: 'x' }, /^PATH.pasword is not an option .*did you mean `password`/],
    [{ clientSideCache: {} }, /^PATH.clientSideCache is not an option/],
    [{ RESP: 2 }, /^PATH.RESP is the module's own/],
    [{ readonly: true }, /^PATH.readonly is the module's own.*useReplicas/],
    [{ socket: 5 }, /^PATH.socket must be an object/],
    [{ socket: { reconnectStrategy: 1 } }, /^PATH.socket.reconnectStrategy is the module's own/],
    [{ socket: { connectTimeout: 1 } }, /^PATH.socket.connectTimeout is .*connectTimeoutMs/],
    [{ socket: { serverName: 'x' } }, /^PATH.socket.serverName is not an option .*did you mean `servername`/],
  ])(
    'CN6 refuses %j, which node-redis would take without effect, wherever its options are',
    (given, problem) => {
      const wrong = given as object;
      const rootNodes = [{ url: 'redis://one' }];
      const sentinelRootNodes = [{ host: 'one', port: 26379 }];
      const sentinel = { name: 'one', sentinelRootNodes };
      for (const [path, options] of [
        ['clientOptions', { url: 'redis://one', clientOptions: wrong }],
        ['cluster.defaults', { cluster: { rootNodes, defaults: wrong } }],
        ['cluster.rootNodes.0', { cluster: { rootNodes: [{ ...rootNodes[0], ...wrong }] } }],
        ['sentinel.nodeClientOptions', { sentinel: { ...sentinel, nodeClientOptions: wrong } }],
        ['sentinel.sentinelClientOptions', { sentinel: { ...sentinel, sentinelClientOptions: wrong } }],
      ] as const)
        expect(problemsOf(options as never)).toEqual([
          expect.stringMatching(new RegExp(problem.source.replace('PATH', path))),
        ]);
    },
  );

  it.each([
    [{ cluster: { defaults: { database: 2 } } }, 'cluster.defaults.database has no effect here'],
    [{ cluster: { defaults: { socket: { host: 'a' } } } }, 'cluster.defaults.socket.host has no effect'],
    [
      { cluster: { rootNodes: [{ url: 'redis://a/2' }] } },
      'cluster.rootNodes.0.url must not name a database',
    ],
    [{ cluster: { rootNodes: [{ url: 'redis://a', database: 2 }] } }, 'cluster.rootNodes.0.database has no'],
    [{ sentinel: { name: '' } }, 'sentinel.name must be the name of the master'],
    [
      { sentinel: { nodeClientOptions: { socket: { port: 1 } } } },
      'nodeClientOptions.socket.port has no effect',
    ],
    [
      { sentinel: { sentinelClientOptions: { socket: { host: 'a' } } } },
      'write it into sentinel.sentinelRoot',
    ],
    [{ sentinel: { sentinelClientOptions: { database: 1 } } }, 'leave it out, Sentinels have no databases'],
    [
      { sentinel: { sentinelRootNodes: [{ host: 'a', port: '1' }] } },
      'sentinelRootNodes.0 needs a host, and a port',
    ],
    [
      { sentinel: { sentinelRootNodes: [{ host: '', port: 1 }] } },
      'sentinelRootNodes.0 needs a host, and a port',
    ],
    [
      { sentinel: { sentinelRootNodes: [{ host: 'a', port: 1, password: 'x' }] } },
      'sentinelRootNodes.0.password has no effect here; set it for all Sentinels in sentinel.sentinelClientOptions',
    ],
    [
      { sentinel: { sentinelRootNodes: [{ host: 'a', port: 1, prot: 2 }] } },
      'sentinelRootNodes.0.prot is not an option that this module supports',
    ],
  ])('CN6 refuses %j, which says where nothing is, or what is not heeded there', (given, problem) => {
    const { cluster, sentinel } = given as { cluster?: object; sentinel?: object };
    const options = {
      ...(cluster && { cluster: { rootNodes: [{ url: 'redis://a' }], ...cluster } }),
      ...(sentinel && { sentinel: { name: 'm', sentinelRootNodes: [{ host: 'a', port: 1 }], ...sentinel } }),
    };
    expect(problemsOf(options as never)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['a pool', createClientPool({})],
    ['a cluster', createCluster({ rootNodes: [] })],
    ['Sentinels', createSentinel({ name: 'shop', sentinelRootNodes: [{ host: 'localhost', port: 26379 }] })],
    ['nothing but a command', { sendCommand: () => Promise.resolve() }],
  ])('refuses %s as a client, which could not be used like one', (_, client) => {
    expect(problemsOf({ client })).toEqual([
      expect.stringMatching(/^client must be a client made by createClient\(\).*`cluster` or `sentinel`/),
    ]);
    expect(problemsOf({ ...withSessions, session: { client } })).toEqual([
      expect.stringMatching(/^session\.client must be/),
    ]);
  });

  it('takes a client made by createClient()', () => {
    expect(problemsOf({ client: createClient() })).toEqual([]);
  });

  it.each([0, 60, 0.5, '5m', '1.5 hours', null])('takes %p as a cache timeout', (timeout) => {
    expect(problemsOf({ cache: { timeout } })).toEqual([]);
  });

  it('C24 rounds a cache timeout to milliseconds, as a call does', () => {
    const of = (timeout: number): unknown => resolveSettings({ cache: { timeout } }).cache.timeoutMs;
    expect([0.0004, 0.0005, 0.1001].map(of)).toEqual([0, 1, 100]);
  });

  it.each([-1, NaN, Infinity, '300', 'soon', new Date(0), {}, true])(
    'refuses %p as a cache timeout',
    (timeout) => {
      expect(problemsOf({ cache: { timeout } })).toEqual([
        expect.stringMatching(/^cache.timeout must be seconds/),
      ]);
    },
  );

  it('C56 refuses names with which a session could be taken for a cache entry', () => {
    const projectNames = fc.stringMatching(/^[a-z0-9:]{1,8}$/);
    fc.assert(
      fc.property(projectNames, projectNames, projectNames, (keyPrefix, projectName, sessionPrefix) => {
        const options = {
          secretKey,
          projectName,
          cache: { keyPrefix },
          session: { keyPrefix: sessionPrefix, cookie: { name: 's' } },
        };
        if (problemsOf(options).length > 0) return;
        const session = `${projectName}:${sessionPrefix}:${'a'.repeat(32)}`;
        const rest = session.startsWith(`${keyPrefix}:`) ? session.slice(keyPrefix.length + 1) : '';
        expect(rest).not.toMatch(/^\d+:/);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [{ sameSite: 'none' }, 'sameSite'],
    [{ partitioned: true }, 'partitioned'],
    [{ name: '__Secure-s' }, 'name'],
    [{ name: '__Host-s' }, 'name'],
    [{ name: '__Host-s', secure: true, domain: 'example.com' }, 'domain'],
    [{ name: '__Host-s', secure: true, path: '/app' }, 'path'],
    [{ sameSite: 'foo' }, 'sameSite'],
    [{ name: 'a b' }, 'name'],
    [{ domain: 'example.com; Secure' }, 'domain'],
    [{ path: '/;x' }, 'path'],
    [{ priority: 'urgent' }, 'priority'],
  ])('M25 refuses the cookie %p', (cookie, option) => {
    expect(problemsOf({ ...withSessions, session: { cookie } })).toEqual([
      expect.stringMatching(new RegExp(`^session\\.cookie\\.${option} `)),
    ]);
  });

  it('M25 takes a cookie that browsers take', () => {
    const cookie = {
      name: '__Host-s',
      secure: true,
      sameSite: 'none',
      partitioned: true,
      priority: 'high',
    } as const;
    expect(resolveSettings({ ...withSessions, session: { cookie } }).session?.cookie).toMatchObject(cookie);
  });

  it('asks for a cookie name when the project name is none', () => {
    expect(problemsOf({ ...withSessions, projectName: 'my shop' })).toEqual([
      expect.stringMatching(/^session.cookie.name is needed/),
    ]);
  });

  it('lets sessions live elsewhere, and never bounds them', () => {
    const settings = resolveSettings({ ...withSessions, url: 'memory:', memory: { maxEntries: 5 } });
    expect(settings.store.reveal().source).toEqual({ kind: 'memory', maxEntries: 5 });
    expect(settings.sessionStore.reveal().source).toEqual({ kind: 'memory', maxEntries: undefined });
    expect(
      resolveSettings({ ...withSessions, session: { url: 'redis://other' } }).sessionStore.reveal().source,
    ).toEqual({
      kind: 'url',
      url: 'redis://other',
    });
  });

  it('keeps the client options of one Redis from another', () => {
    const clientOptions = { password: 'of the cache' };
    const of = (session: object): unknown =>
      resolveSettings({ ...withSessions, url: 'redis://one', clientOptions, session }).sessionStore.reveal()
        .clientOptions;
    expect(of({})).toEqual(clientOptions);
    expect(of({ url: 'redis://other' })).toEqual({});
    expect(of({ url: 'redis://other', clientOptions: { name: 'shop' } })).toEqual({ name: 'shop' });
    expect(of({ cluster: { rootNodes: [] } })).toEqual({});
    expect(problemsOf({ ...withSessions, session: { clientOptions: { name: 'shop' } } })).toEqual([
      expect.stringMatching(/^session.clientOptions needs session.url beside it/),
    ]);
    expect(
      problemsOf({
        ...withSessions,
        cluster: { rootNodes: [] },
        session: { url: 'redis://other', clientOptions: { RESP: 2 } },
      }),
    ).toEqual([expect.stringMatching(/^session.clientOptions.RESP is the module's own/)]);
  });

  it('H2 lets replicas serve the reads of caches, never those of sessions', () => {
    const sentinel = { name: 'shop', sentinelRootNodes: [], replicaPoolSize: 2 };
    const cluster = { rootNodes: [], useReplicas: true };
    const [onSentinel, onCluster, ownCluster] = [
      { ...withSessions, sentinel },
      { ...withSessions, cluster },
      { ...withSessions, session: { cluster } },
    ].map(resolveSettings);

    expect(onSentinel!.store.reveal().source).toEqual({ kind: 'sentinel', options: sentinel });
    expect(onSentinel!.sessionStore.reveal().source).toMatchObject({ options: { replicaPoolSize: 0 } });
    expect(onCluster!.store.reveal().source).toEqual({ kind: 'cluster', options: cluster });
    for (const { sessionStore } of [onCluster!, ownCluster!])
      expect(sessionStore.reveal().source).toMatchObject({ options: { useReplicas: false } });
  });

  it('lets client options name no other Redis than the url', () => {
    const clientOptions = { database: 3, socket: { host: 'other', port: 1, keepAlive: false } };
    expect(problemsOf({ url: 'redis://one/2', clientOptions })).toEqual([
      expect.stringMatching(/^clientOptions.database has no effect here; write the number into the url/),
      expect.stringMatching(/^clientOptions.socket.host has no effect here; write the address into the url/),
      expect.stringMatching(/^clientOptions.socket.port has no effect here; write the address into the url/),
    ]);
  });

  it.each([
    [{ cluster: {} }, /^cluster must be .* with rootNodes/],
    [{ cluster: { rootNodes: ['redis://one'] } }, /^cluster must be .* with rootNodes/],
    [{ sentinel: {} }, /^sentinel must be .* with name and sentinelRootNodes/],
    [{ sentinel: { name: 'shop' } }, /^sentinel must be .* with name and sentinelRootNodes/],
  ])('refuses %j, of which nothing could be made', (options, problem) => {
    expect(problemsOf(options)).toEqual([expect.stringMatching(problem)]);
  });

  it.each(['public', 'public, max-age=60', 'no-cache', 's-maxage=1, private'])(
    'refuses %p as Cache-Control beside a session cookie',
    (cacheControl) => {
      expect(problemsOf({ ...withSessions, session: { cacheControl } })).toEqual([
        expect.stringMatching(/^session\.cacheControl must be .*private or no-store/),
      ]);
    },
  );

  it.each([
    ['development', undefined, 0],
    ['test', false, 0],
    ['staging', undefined, 1],
    [undefined, undefined, 1],
    ['production', undefined, 0],
    ['production', false, 1],
    ['staging', true, 0],
  ])('with NODE_ENV %p and secure %p warns of the cookie: %p', (environment, secure, count) => {
    const before = process.env['NODE_ENV'];
    if (environment === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
    try {
      const warnings = settingsWarnings(
        resolveSettings({ ...withSessions, session: { cookie: { secure } } }),
      );
      expect(warnings).toHaveLength(count);
      expect(warnings.join()).toMatch(count === 0 ? /^$/ : /^session\.cookie\.secure is off/);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it.each([
    ['production', 'x'.repeat(31), true],
    ['production', 'ä'.repeat(16), false],
    ['production', new Uint8Array(31), true],
    ['production', new Uint8Array(32), false],
    ['development', 'x'.repeat(31), false],
    [undefined, new Uint8Array(31), false],
  ])('SE11 with NODE_ENV %s the secret key %p is refused: %p', (environment, short, isRefused) => {
    const before = process.env['NODE_ENV'];
    try {
      if (environment === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = environment;
      const options = { ...withSessions, secretKey: short, session: { cookie: { secure: true } } };
      const refusal =
        /^secretKey is shorter than 32 bytes, which NODE_ENV=production refuses; sign with random bytes/;
      if (isRefused) expect(problemsOf(options)).toEqual([expect.stringMatching(refusal)]);
      else
        expect(settingsWarnings(resolveSettings(options))).toEqual(
          Buffer.byteLength(short) < 32
            ? [expect.stringMatching(/^secretKey is shorter than 32 bytes; sign/)]
            : [],
        );
      // an earlier key has to verify until its sessions have ended, and without sessions nothing is signed
      const earlier = resolveSettings({ ...options, secretKey, secretKeyFallbacks: [short] });
      if (isRefused)
        expect(settingsWarnings(earlier)).toEqual([
          expect.stringMatching(/^secretKeyFallbacks\.0 is shorter/),
        ]);
      expect(() => resolveSettings({ secretKey: short })).not.toThrow();
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('SE11 the environment names its variable', () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      const options = optionsFromEnvironment({ PROJECT_NAME: 'shop', SECRET_KEY: 'short' });
      expect(() => resolveSettings(options)).toThrow(
        /secretKey \(environment variable SECRET_KEY\) is shorter than 32 bytes/,
      );
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it('SE11 warns of a short secret key', () => {
    expect(settingsWarnings(resolveSettings(withSessions))).toEqual([]);
    const short = resolveSettings({
      ...withSessions,
      secretKey: 'short',
      secretKeyFallbacks: [secretKey, 'brief'],
    });
    expect(settingsWarnings(short)).toEqual([
      expect.stringMatching(/^secretKey is shorter than 32 bytes; sign with random bytes/),
      expect.stringMatching(/^secretKeyFallbacks.1 is shorter than 32 bytes; remove it/),
    ]);
  });

  it.each([
    [undefined, 1],
    ['production', 0],
    ['staging', 1],
    ['development', 0],
    ['test', 0],
  ])('SX11 with NODE_ENV %s it warns %i times of a cookie that is not secure', (environment, count) => {
    const before = process.env['NODE_ENV'];
    try {
      if (environment === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = environment;
      const warned = (options: CodexRedisOptions): string[] => settingsWarnings(resolveSettings(options));
      expect(warned(withSessions)).toEqual(
        Array<unknown>(count).fill(expect.stringMatching(/^session\.cookie\.secure is off/)),
      );
      expect(warned({ ...withSessions, session: { cookie: { secure: true } } })).toEqual([]);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it.each([
    ['name', 'a b'],
    ['name', 'ä'],
    ['name', ''],
    ['path', '/a;b'],
    ['path', 'shop'],
    ['domain', 'a_b.example'],
    ['domain', 'example.com:80'],
    ['domain', 'a..b'],
    ['domain', `${'a'.repeat(64)}.example`],
  ])('SX11 refuses the cookie %s %j, which could not be sent', (option, value) => {
    expect(problemsOf({ ...withSessions, session: { cookie: { [option]: value } } })).toEqual([
      expect.stringMatching(new RegExp(`^session\\.cookie\\.${option} `)),
    ]);
  });

  it('SX11 what starts can be sent', () => {
    fc.assert(
      fc.property(
        fc.record({ name: fc.string(), path: fc.string(), domain: fc.string() }, { requiredKeys: [] }),
        (cookie) => {
          const options = { ...withSessions, session: { cookie } };
          if (problemsOf(options).length > 0) return;
          const written = new SessionCookie(resolveSettings(options).session!.cookie);
          written.issue('a'.repeat(32), 10, 0);
          written.expire();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['__Http-sid', { secure: false }],
    ['__Http-sid', { secure: true, httpOnly: false }],
    ['__Host-Http-sid', { secure: true, httpOnly: false }],
    ['__Secure-sid', { secure: false }],
    ['__Host-sid', { secure: true, domain: 'example.com' }],
    ['__Host-sid', { secure: true, path: '/shop' }],
  ])('SX11 refuses the cookie name %s beside %j, which browsers drop', (name, cookie) => {
    expect(problemsOf({ ...withSessions, session: { cookie: { name, ...cookie } } })).toHaveLength(1);
  });

  it.each(['public', 'private, s-maxage=10', 'max-age=60', 'no-cache', 'private="set-cookie"'])(
    'SX5 refuses session.cacheControl %j, which lets shared caches in',
    (cacheControl) => {
      expect(problemsOf({ ...withSessions, session: { cacheControl } })).toEqual([
        expect.stringMatching(/^session\.cacheControl must be/),
      ]);
    },
  );

  it.each(['private', 'no-store', 'private, max-age=60', null])(
    'takes session.cacheControl %j',
    (cacheControl) => {
      expect(problemsOf({ ...withSessions, session: { cacheControl } })).toEqual([]);
    },
  );

  it.each([
    'grace',
    'lease',
    'tokens',
    'tag',
    'epoch',
    'lock',
    'trace',
    'user',
    'throttle',
    'user:web',
    'web:user',
    'web:user:x',
  ])('SX14 refuses session.keyPrefix %j, under which the module keeps something else', (keyPrefix) => {
    expect(problemsOf({ ...withSessions, session: { keyPrefix } })).toEqual([
      expect.stringMatching(/^session\.keyPrefix must be/),
    ]);
  });
});

describe('the namespaces of the sessions', () => {
  const owned = ['site:web:x', 'site:trace:x', 'site:user:x'];
  const free = ['site:1:x', 'site:webx', 'other:web:x'];

  it('SX14 are given to each cache, whose key function may make no key in them', () => {
    const settings = resolveSettings({
      ...withSessions,
      projectName: 'site',
      session: { keyPrefix: 'web' },
    });
    const named = resolveNamedCache('a', { keyPrefix: 'x', keyFunction: (key) => key }, settings).cache;
    for (const cache of [settings.cache, named]) {
      const keys = new CacheKeys({ ...cache, keyFunction: (key) => key });
      for (const key of owned)
        expect(() => keys.redisKey(key, 1)).toThrow(/keyFunction: .* belongs to the sessions/);
      for (const key of free) expect(keys.redisKey(key, 1)).toBe(key);
    }
  });

  it('SX14 are the keyPrefix of no cache: of the user "1:42" and the entry "42" the Redis key would be one', () => {
    const settings = resolveSettings({
      ...withSessions,
      projectName: 'site',
      session: { keyPrefix: 'web' },
    });
    const keysOf = (keyPrefix: string): CacheKeys =>
      new CacheKeys(resolveNamedCache('a', { keyPrefix }, settings).cache);
    for (const keyPrefix of ['site:user', 'site:user:a', 'site:web', 'site:trace'])
      expect(() => keysOf(keyPrefix)).toThrow(/keyPrefix: .* belongs to the sessions/);
    for (const keyPrefix of ['site', 'site:users', 'site:a:user', 'other:user', ''])
      expect(() => keysOf(keyPrefix)).not.toThrow();
  });

  it("SX14 are nobody's when sessions are off", () => {
    expect(resolveSettings({ projectName: 'site' }).cache.sessionNamespaces).toEqual([]);
  });
});

describe('an option that is not known', () => {
  it.each([
    [{ host: 'localhost', port: 6379 }, ['url', 'url']],
    [{ cache: { ttl: 60 } }, ['cache.timeout']],
    [{ ttl: 60 }, ['cache.timeout']],
    [{ cache: { timeuot: 60 } }, ['cache.timeout']],
    [{ keyPrefix: 'shop' }, ['cache.keyPrefix']],
    [{ projectname: 'shop' }, ['projectName']],
    [{ ...withSessions, session: { cookie: { samesite: 'lax' } } }, ['session.cookie.sameSite']],
  ])('CN19 is refused in %j with the nearest known one', (options, nearest) => {
    expect(problemsOf(options)).toEqual(
      nearest.map((name): unknown =>
        expect.stringContaining(`is not a known option (did you mean \`${name}\`?)`),
      ),
    );
  });

  it('CN19 is refused without a question when none is near', () => {
    expect(problemsOf({ zebra: 1 })).toEqual(['zebra is not a known option; see the settings page']);
  });
});

describe('resolveNamedCache', () => {
  const settings = resolveSettings({ url: 'redis://one' });

  it('lives where the module does unless it says otherwise', () => {
    expect(resolveNamedCache('a', {}, settings).store).toBe(settings.store.reveal());
    expect(resolveNamedCache('a', { url: 'redis://two' }, settings).store.source).toEqual({
      kind: 'url',
      url: 'redis://two',
    });
  });

  it('has the client options of its own Redis, or those of the module on that of the module', () => {
    const clientOptions = { password: 'of the module' };
    const module = resolveSettings({ url: 'redis://one', clientOptions });
    expect(resolveNamedCache('a', {}, module).store.clientOptions).toEqual(clientOptions);
    expect(resolveNamedCache('a', { url: 'redis://two' }, module).store.clientOptions).toEqual({});
    const own = { url: 'redis://two', clientOptions: { name: 'a' } };
    expect(resolveNamedCache('a', own, module).store.clientOptions).toEqual({ name: 'a' });
  });

  it('reports its problems, each with the name of the cache', () => {
    expect(() => resolveNamedCache('', { keyPrefix: 'a:1', timeOut: 3 } as never, settings)).toThrow(
      /3 settings.*\n {2}- the cache "": name must be.*\n {2}- the cache "": keyPrefix must be.*\n {2}- the cache "": timeOut is not a known option \(did you mean `timeout`\?\)/,
    );
  });

  it.each([undefined, null, 'memory:'])('refuses %p as options, and asks about the factory', (options) => {
    expect(() => resolveNamedCache('reports', options as never, settings)).toThrow(
      /options of the cache "reports" must be an object.*factory/,
    );
  });

  it('on the embedded store is bounded as the default one, whichever is opened first', () => {
    const bounded = resolveSettings({ url: 'redis://one', memory: { maxEntries: 5 } });
    expect(resolveNamedCache('a', { url: 'memory:' }, bounded).store.source).toEqual({
      kind: 'memory',
      maxEntries: 5,
    });
  });
});
