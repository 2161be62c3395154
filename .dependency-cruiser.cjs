/**
 * The rooms of lib/, each with the rooms it may import from. Imports run one way; docs/architecture.md has the
 * picture.
 */
const ground = ['common', 'errors', 'tokens', 'telemetry'];
const rooms = {
  common: [],
  errors: ['common'],
  tokens: ['common', 'errors'],
  telemetry: ['common', 'errors'],
  serializer: ground,
  config: ['serializer', ...ground],
  store: ['config', 'serializer', ...ground],
  'cache-coder': ['serializer', ...ground],
  cache: ['store', 'config', 'serializer', ...ground],
  session: ['store', 'config', 'serializer', ...ground],
  'cache-decorators': ['cache', 'store', 'config', 'serializer', ...ground],
  'cache-responses': ['cache', 'store', 'config', 'serializer', ...ground],
  'session-http': ['session', 'store', 'config', 'serializer', ...ground],
  throttler: ['cache', 'session', 'store', 'config', 'serializer', ...ground],
  terminus: ['cache', 'session', 'store', 'config', 'serializer', ...ground],
  keyv: ['cache', 'store', 'config', 'serializer', ...ground],
  opentelemetry: ['telemetry', 'common'],
  prometheus: ['telemetry', 'common'],
};

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-downwards`,
  comment: `lib/${room} may import from ${[room, ...allowed].join(', ')} only.`,
  severity: 'error',
  from: { path: `^lib/${room}/` },
  to: { path: '^lib/', pathNot: `^lib/(${[room, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'the-gate-knows-no-session',
      comment: 'It holds a response until its owner, which it does not know, has done its work.',
      severity: 'error',
      from: { path: '^lib/session-http/gate/' },
      to: { path: '^lib/(session/|session-http/(?!gate/))' },
    },
    {
      name: 'cluster-and-sentinel-never-meet',
      severity: 'error',
      from: { path: '^lib/store/redis/(single|cluster|sentinel)/' },
      to: { path: '^lib/store/redis/(single|cluster|sentinel)/', pathNot: '^lib/store/redis/$1/' },
    },
    {
      name: 'a-connection-knows-one-server',
      comment:
        'Of the store it may import the types of a link and of a subscription; of lib/config the settings. It knows no kind of ' +
        'connection, no link and no verb.',
      severity: 'error',
      from: { path: '^lib/store/redis/connection/' },
      to: {
        path: '^lib/(store|config)/',
        pathNot: [
          '^lib/store/redis/connection/',
          '^lib/store/redis/link/(redis-link|closed-error)\\.ts$',
          '^lib/store/subscription\\.ts$',
          '^lib/config/(settings|source-options)\\.ts$',
        ],
      },
    },
    {
      name: 'a-link-knows-no-kind',
      comment: 'The kinds of connection share lib/store/redis/link, which itself builds on one server only.',
      severity: 'error',
      from: { path: '^lib/store/redis/link/' },
      to: { path: '^lib/store/redis/', pathNot: '^lib/store/redis/(link|connection)/' },
    },
    {
      name: 'only-the-module-wires',
      comment: 'What is wired together by lib/module does not know it.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(module|testing|index\\.ts)' },
      to: { path: '^lib/module/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle, type-only ones included, means two files are about one thing or one is about two.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-imports-the-barrel',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^lib/index\\.ts$' },
    },
    {
      name: 'no-inner-barrels',
      comment: 'Only the entry points of the package re-export.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^lib/[^/]+/index\\.ts$' },
    },
    {
      name: 'the-module-does-not-know-testing',
      severity: 'error',
      from: { path: '^lib/(?!testing/)' },
      to: { path: '^lib/testing/' },
    },
    {
      name: 'only-the-redis-store-runs-redis',
      comment: 'config/ names the types of node-redis options.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/store/redis/' },
      to: { path: 'node_modules/@?redis(/|$)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-session-http-knows-the-platforms',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/session-http/' },
      to: { path: 'node_modules/(express|fastify|@nestjs/platform-[a-z]+|vary)(/|$)' },
    },
    {
      name: 'optional-peers-stay-in-their-rooms',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(throttler|terminus|testing|keyv|opentelemetry|prometheus)/' },
      to: {
        path: 'node_modules/(@nestjs/(throttler|terminus|testing)|keyv|@opentelemetry/api|prom-client)(/|$)',
      },
    },
    {
      name: 'subpaths-are-loaded-on-demand',
      comment: 'An application pays for a subpath only when it imports it.',
      severity: 'error',
      from: { path: '^lib/(module/|index\\.ts)' },
      to: { path: '^lib/(throttler|terminus|testing|keyv|opentelemetry|prometheus)/' },
    },
    {
      name: 'heavy-libraries-stay-in-the-cache-coder',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/cache-coder/' },
      to: { path: 'node_modules/(decimal\\.js|temporal-polyfill)(/|$)' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-dev', 'unknown', 'undetermined'],
        pathNot:
          'node_modules/(@types|@opentelemetry/api|keyv|prom-client|redis|rxjs|reflect-metadata|@nestjs/(common|config|core|terminus|testing|throttler))/',
      },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^lib/', pathNot: '^lib/[^/]+/index\\.ts$|^lib/index\\.ts$' },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
