import type { CacheOptions, NamedCacheOptions } from './cache-options.js';
import type { Problem } from './option.js';
import type { CodexRedisOptions } from './options.js';
import { checkSession } from './session-checks.js';
import { checkOwnClientOptions, checkSource } from './source-checks.js';

/** Conflicts between options of `forRoot()` that are valid by themselves. */
export const checkTogether = (options: CodexRedisOptions): Problem[] => [
  ...checkSource(options, ''),
  ...checkCache(options.cache ?? {}, 'cache.'),
  ...checkSession(options),
];

/** The same for those of `registerCache()`. */
export const checkNamedCache = (cache: NamedCacheOptions): Problem[] => [
  ...checkSource(cache, ''),
  ...checkOwnClientOptions(cache, ''),
  ...checkCache(cache, ''),
];

const checkCache = ({ keyPattern, keyFunction, readThrough }: CacheOptions, path: string): Problem[] => [
  ...(keyPattern !== undefined && keyFunction === undefined
    ? [{ path: `${path}keyPattern`, message: `needs ${path}keyFunction beside it; give both or neither` }]
    : []),
  ...((readThrough?.softTimeout ?? null) !== null && !readThrough?.grace
    ? [
        {
          path: `${path}readThrough.softTimeout`,
          message: `needs ${path}readThrough.grace beside it, which says how long there is a stale value to serve`,
        },
      ]
    : []),
  ...(['lease', 'wait'] as const)
    .filter((name) => readThrough?.[name] !== undefined && readThrough.singleFlight === undefined)
    .map((name) => ({
      path: `${path}readThrough.${name}`,
      message: `needs ${path}readThrough.singleFlight: 'shared' beside it, without which no process waits for another`,
    })),
];
