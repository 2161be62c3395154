import type { ExecutionContext } from '@nestjs/common';
import { type Timeout, timeoutToMs } from '../cache/timeout.js';
import { describeValue } from '../common/describe-value.js';

/** The options for caching the responses of a handler. */
export interface CacheResponseOptions {
  /** Seconds a stored response is served, a duration string such as `'5m'`, or `null` for forever. */
  readonly timeout: Timeout;
  /** Tags of the entry, for `cache.invalidateTags()`; needs `cache.tags: true`. A function gets the request's context. */
  readonly tags?: readonly string[] | ((context: ExecutionContext) => readonly string[]) | undefined;
  /**
   * Request headers on which the response depends, such as `['Accept-Language']`. Each of their values has its own
   * entry, and `Vary` lists them. Use `scope` instead of `Cookie` or `Authorization`.
   *
   * @default []
   */
  readonly vary?: readonly string[] | undefined;
  /**
   * The query parameters on which the response depends; all others are ignored. The handler must not use any other.
   * @default all parameters of the request
   */
  readonly query?: readonly string[] | undefined;
  /**
   * If true, each host name has its own entries, for a handler whose response depends on it.
   *
   * @default false; true where the controller is declared for a host
   */
  readonly host?: boolean | undefined;
  /**
   * Response headers of the handler that are stored with the response, such as `['Link']`. `Content-Type` always is.
   *
   * @default []
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * The visitors who share a response. Without it, a response for which the session, `Authorization` or `request.user`
   * was used is not stored. A function returns a name for the visitors who share a response, such as a user's id.
   * `'shared'` means that the response is the same for everybody whom the guards let in.
   */
  readonly scope?: 'shared' | ((context: ExecutionContext) => string) | undefined;
  /**
   * The largest stored body in bytes.
   *
   * @default 1048576
   */
  readonly maxBytes?: number | undefined;
  /**
   * `'compute'` runs the handler while Redis is unavailable. Otherwise the request fails with the error of the cache
   * (503).
   */
  readonly whenUnavailable?: 'compute' | undefined;
}

/** As CacheResponseOptions; without a timeout `@CacheTTL()` counts, then the cache's default. */
export type CacheResponseInterceptorOptions = Partial<CacheResponseOptions>;

type Check = (value: unknown) => string | undefined;

const expecting =
  (expected: string, isRight: (value: unknown) => boolean): Check =>
  (value) =>
    isRight(value) ? undefined : `expected ${expected}, got ${describeValue(value)}`;

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');

export const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

const headerNames =
  (refused: Readonly<Record<string, string>>): Check =>
  (value) => {
    if (!isNames(value) || !value.every((name) => HEADER_NAME.test(name)))
      return `expected an array of header names, got ${describeValue(value)}`;
    const wrong = value.find((name) => Object.hasOwn(refused, name.toLowerCase()));
    return wrong === undefined ? undefined : `${wrong} ${refused[wrong.toLowerCase()] ?? ''}`;
  };

const USE_SCOPE =
  "would become part of the entry's key; use `scope` for responses that depend on the visitor";
const ONE_VISITORS = 'is meant for one visitor and is never stored';
const OF_THE_CONNECTION = 'is set for each response separately and cannot be stored';

const CHECKS: Readonly<Record<keyof CacheResponseOptions, Check>> = {
  timeout: (value) => {
    timeoutToMs(value as Timeout);
    return undefined;
  },
  tags: expecting(
    'an array of strings or a function',
    (value) => isNames(value) || typeof value === 'function',
  ),
  vary: headerNames({ cookie: USE_SCOPE, authorization: USE_SCOPE, '*': 'means that nothing can be cached' }),
  query: expecting('an array of parameter names', isNames),
  host: expecting('a boolean', (value) => typeof value === 'boolean'),
  headers: headerNames({
    'set-cookie': ONE_VISITORS,
    ...Object.fromEntries(
      ['age', 'cache-status', 'connection', 'content-length', 'date', 'transfer-encoding', 'vary'].map(
        (name) => [name, OF_THE_CONNECTION],
      ),
    ),
  }),
  scope: expecting(
    "'shared' or a function that returns a string",
    (value) => value === 'shared' || typeof value === 'function',
  ),
  maxBytes: expecting('an integer from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0),
  whenUnavailable: expecting("'compute'", (value) => value === 'compute'),
};

/** @throws TypeError, RangeError naming the option. */
export const checkResponseOptions = (caller: string, options: CacheResponseInterceptorOptions): void => {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new TypeError(`${caller} takes an object of options, got ${describeValue(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new TypeError(
        `${caller}: ${JSON.stringify(name)} is not a known option; there are ${Object.keys(CHECKS).join(', ')}`,
      );
    const problem = value === undefined ? undefined : CHECKS[name as keyof CacheResponseOptions](value);
    if (problem !== undefined) throw new TypeError(`${caller}: ${name}: ${problem}`);
  }
};
