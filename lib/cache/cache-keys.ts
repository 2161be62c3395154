/// <reference lib="es2024.string" />
import { describeValue } from '../common/describe-value.js';
import type { KeyFunction, KeyPattern } from '../config/cache-options.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { escapeGlob, globMatcher } from '../common/glob.js';
import { refusePromise, syncResult } from '../common/sync-result.js';
import { CACHE_COMPANIONS, entryOfCompanion } from '../store/companion-key.js';
import type { CacheKeySettings } from './cache-settings.js';
import { checkedVersionDelta } from './counting.js';

/** In code points. Redis takes its time over longer ones, and everybody else waits. */
const LONGEST_PATTERN = 1024;

/** Some keys of a cache, as a store can look for them. */
export interface KeySelection {
  /** Matches all of them, and perhaps others. */
  readonly glob: string;
  /** The cache key of a Redis key that is one of them, else `undefined`. */
  keyOf(redisKey: string): string | undefined;
}

/** An entry on its way to another version. */
interface VersionMove {
  readonly version: number;
  /** The Redis keys in both versions. */
  readonly before: string;
  readonly after: string;
}

const VERSION_AND_KEY = /^(0|[1-9]\d*):(.*)$/s;

/** The way of a cache between its keys and those of Redis: `{keyPrefix}:{version}:{key}`. */
export class CacheKeys {
  readonly #ownPrefix: string;

  /** @throws ImproperlyConfiguredError for a keyPrefix under which the sessions have theirs. */
  constructor(private readonly settings: CacheKeySettings) {
    const { place, keyPrefix, sessionNamespaces = [] } = settings;
    if (sessionNamespaces.some((namespace) => `${keyPrefix}:`.startsWith(namespace)))
      throw new ImproperlyConfiguredError(
        `${place}keyPrefix: ${JSON.stringify(keyPrefix)} belongs to the sessions, whose keys the cache's could meet; choose another`,
      );
    this.#ownPrefix = `${settings.keyPrefix}:${settings.version}:`;
  }

  /**
   * The Redis key of a cache key.
   *
   * @throws TypeError for a key or version that cannot be one.
   */
  redisKey(key: string, version: number | undefined): string {
    checkText(key, 'key');
    if (this.settings.keyFunction !== undefined)
      return this.#madeKey(this.settings.keyFunction, key, this.version(version));
    return version === undefined || version === this.settings.version
      ? this.#ownPrefix + key
      : `${this.settings.keyPrefix}:${this.version(version)}:${key}`;
  }

  /** The Redis keys of cache keys. @throws TypeError */
  redisKeys(keys: readonly string[], version: number | undefined): string[] {
    return keys.map((key) => this.redisKey(key, version));
  }

  /**
   * The Redis key of a lock: no version, and out of the reach of `clear()`.
   *
   * @throws TypeError for a name that cannot be one.
   */
  lockKey(name: string): string {
    checkText(name, 'name');
    return `${this.settings.keyPrefix}:lock:${name}`;
  }

  /**
   * The version a call works on.
   *
   * @throws TypeError
   */
  version(given: number | undefined): number {
    if (given === undefined) return this.settings.version;
    if (Number.isSafeInteger(given) && given >= 0) return given;
    throw new TypeError(`version: expected an integer from 0, got ${describeValue(given)}`);
  }

  /**
   * The keys of an entry before and after its version changes.
   *
   * @throws TypeError, RangeError
   */
  move(key: string, given: number | undefined, delta: number): VersionMove {
    const from = this.version(given);
    const version = from + checkedVersionDelta(delta);
    if (version < 0) throw new RangeError('delta: there is no version below 0');
    return { version, before: this.redisKey(key, from), after: this.redisKey(key, version) };
  }

  /**
   * The entries of every version.
   *
   * @throws ImproperlyConfiguredError where they cannot be told from what others keep.
   */
  all(): KeySelection {
    const { keyPrefix, place } = this.settings;
    if (keyPrefix === '')
      throw new ImproperlyConfiguredError(
        `${place}keyPrefix: clear() needs one, to know its entries from what others keep in this Redis; set it` +
          (place === 'cache.' ? ', or CACHE_KEY_PREFIX' : ''),
      );
    const pattern = this.#pattern('clear');
    return {
      glob: pattern.glob('*', keyPrefix, undefined),
      keyOf: (redisKey) => pattern.parse(redisKey, keyPrefix)?.key,
    };
  }

  /**
   * The entries of one version whose keys match a Redis glob.
   *
   * @throws ImproperlyConfiguredError, TypeError; RangeError for a glob of more than 1,024 code points
   */
  matching(glob: string, version: number | undefined, caller: string): KeySelection {
    checkText(glob, 'pattern');
    if (glob.length > LONGEST_PATTERN && Array.from(glob).length > LONGEST_PATTERN)
      throw new RangeError(
        `pattern: expected at most ${LONGEST_PATTERN} code points, got ${glob.length} UTF-16 units; match a shorter prefix`,
      );
    const { keyPrefix } = this.settings;
    const pattern = this.#pattern(caller);
    const wanted = this.version(version);
    const matches = globMatcher(glob);
    return {
      glob: pattern.glob(glob, keyPrefix, wanted),
      keyOf: (redisKey) => {
        const parts = pattern.parse(redisKey, keyPrefix);
        return parts?.version === wanted && matches(parts.key) ? parts.key : undefined;
      },
    };
  }

  #pattern(caller: string): KeyPattern {
    const { keyFunction, keyPattern, place } = this.settings;
    if (keyFunction === undefined) return defaultKeyPattern;
    if (keyPattern !== undefined)
      return {
        glob: (...args) => {
          const glob = syncResult(keyPattern.glob(...args));
          checkText(glob, `the result of ${place}keyPattern.glob`);
          return glob;
        },
        parse: (redisKey, prefix) =>
          isCompanion(prefix, redisKey)
            ? undefined
            : refusePromise(keyPattern.parse(redisKey, prefix), `${place}keyPattern.parse()`),
      };
    throw new ImproperlyConfiguredError(
      `${place}keyPattern: ${caller}() needs it beside keyFunction, to find the keys that the function makes`,
    );
  }

  #madeKey(keyFunction: KeyFunction, key: string, version: number): string {
    const made: unknown = syncResult(keyFunction(key, this.settings.keyPrefix, version));
    checkText(made, `the result of ${this.settings.place}keyFunction`);
    const { place, sessionNamespaces = [] } = this.settings;
    if (sessionNamespaces.some((namespace) => made.startsWith(namespace)))
      throw new TypeError(
        `${place}keyFunction: the Redis key it made for ${JSON.stringify(key)} belongs to the sessions; let it begin with keyPrefix and the version`,
      );
    return made;
  }
}

/** The default pattern matches none. */
const isCompanion = (prefix: string, redisKey: string): boolean =>
  CACHE_COMPANIONS.some((word) => entryOfCompanion(prefix, word, redisKey) !== undefined);

const defaultKeyPattern: KeyPattern = {
  glob: (pattern, keyPrefix, version) =>
    version === undefined
      ? `${escapeGlob(keyPrefix)}:[0-9]*:${pattern}`
      : `${escapeGlob(keyPrefix)}:${version}:${pattern}`,
  parse: (redisKey, keyPrefix) => {
    if (!redisKey.startsWith(`${keyPrefix}:`)) return undefined;
    const [, version, key] = VERSION_AND_KEY.exec(redisKey.slice(keyPrefix.length + 1)) ?? [];
    return version === undefined || key === undefined ? undefined : { key, version: Number(version) };
  },
};

/** Two texts with lone surrogates would be one key in UTF-8. */
export function checkText(text: unknown, name: string): asserts text is string {
  if (typeof text === 'string' && text !== '' && text.isWellFormed()) return;
  const what =
    typeof text === 'string' && text !== '' ? 'a string with a lone surrogate' : describeValue(text);
  throw new TypeError(`${name}: expected a non-empty string without lone surrogates, got ${what}`);
}
