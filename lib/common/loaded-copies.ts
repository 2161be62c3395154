const REGISTRY = Symbol.for('nestjs-codex-redis copies');

const registry = globalThis as unknown as Record<symbol, Set<string> | undefined>;

/** Where each copy of this package was loaded from that this process has. */
const copies = (registry[REGISTRY] ??= new Set());

/** The file of this code. `import.meta` is a syntax error where a test runner turns the package into CommonJS. */
const whereThisIs = (): string => {
  const [, frame = 'a place unknown'] = new Error().stack?.split('\n') ?? [];
  return frame.replace(/^\s*at (?:.* \()?/, '').replace(/:\d+:\d+\)?$/, '');
};

copies.add(whereThisIs());

/** What is to be said when there is more than one: the classes of one copy are not those that the other provides. */
export const warningOfCopies = (): string | undefined =>
  copies.size < 2
    ? undefined
    : `This process has loaded ${copies.size} copies of nestjs-codex-redis, from ${[...copies].join(' and ')}. ` +
      'What is imported from one is not found by the other: a CacheService cannot be injected, instanceof is false. ' +
      'Find them with `npm ls nestjs-codex-redis`, and let all depend on one version.';
