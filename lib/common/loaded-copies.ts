const REGISTRY = Symbol.for('nestjs-codex-redis copies');

const registry = globalThis as unknown as Record<symbol, Set<string> | undefined>;

/** The places from which this process has loaded copies of this package. */
const copies = (registry[REGISTRY] ??= new Set());

/** The file of this code. `import.meta` is a syntax error where a test runner turns the package into CommonJS. */
const whereThisIs = (): string => {
  const [, frame = 'a place unknown'] = new Error().stack?.split('\n') ?? [];
  return frame.replace(/^\s*at (?:.* \()?/, '').replace(/:\d+:\d+\)?$/, '');
};

copies.add(whereThisIs());

/** The warning about more than one copy: the classes of one copy are not those that the other provides. */
export const warningOfCopies = (): string | undefined =>
  copies.size < 2
    ? undefined
    : `This process has loaded ${copies.size} copies of nestjs-codex-redis, from ${[...copies].join(' and ')}. ` +
      'What is imported from one is not found by the other: a CacheService cannot be injected, instanceof is false. ' +
      'Find them with `npm ls nestjs-codex-redis`, and let all depend on one version.';
