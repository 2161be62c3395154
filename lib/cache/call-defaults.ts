import { syncResult } from '../common/sync-result.js';
import type { ReadThroughSettings } from '../config/settings.js';
import type { CacheServiceSettings } from './cache-settings.js';
import type { TouchOptions, WriteOptions } from './call-options.js';
import {
  type GetOrSetOptions,
  NO_READ_THROUGH,
  Policy,
  readThroughOf,
} from './read-through/get-or-set-options.js';
import { tagList } from './tags/tag-list.js';
import { type Timeout, timeoutToMs } from './timeout.js';

/** The options of a call, completed with the settings of the cache. */
export class CallDefaults {
  /** `null` is forever, 0 stores nothing. */
  private readonly timeoutMs: number | null;
  private readonly readThrough: ReadThroughSettings;
  private readonly hasTags: boolean;

  constructor({ timeoutMs, readThrough = NO_READ_THROUGH, tags = false }: CacheServiceSettings) {
    this.timeoutMs = timeoutMs;
    this.readThrough = readThrough;
    this.hasTags = tags;
  }

  /**
   * Milliseconds of what a storing call was given, `null` forever, 0 for gone at once.
   *
   * @throws TypeError, RangeError
   */
  ttlOf(given: Timeout | WriteOptions | TouchOptions | undefined): number | null {
    if (given === undefined) return this.timeoutMs;
    if (typeof given !== 'object' || given === null) return timeoutToMs(given);
    return given.timeout === undefined ? this.timeoutMs : timeoutToMs(given.timeout);
  }

  /** The tags that a storing call names. @throws TypeError */
  tagsOf(given: Timeout | WriteOptions | undefined): readonly string[] | undefined {
    return typeof given === 'object' ? tagList(given?.tags, this.hasTags) : undefined;
  }

  /** The tags of a list. @throws TypeError */
  tagList(tags: readonly string[]): readonly string[] {
    return tagList(tags, this.hasTags) ?? [];
  }

  /**
   * The resolved options of a `getOrSet` call.
   *
   * @throws TypeError, RangeError
   */
  policyOf(given: Timeout | GetOrSetOptions<never> | undefined): Policy {
    if (typeof given !== 'object' || given === null)
      return new Policy(this.readThrough, given === undefined ? this.timeoutMs : timeoutToMs(given));
    const settings = readThroughOf(given, this.readThrough);
    const { timeout } = given;
    const tags = this.#tagsToMake(given.tags);
    if (typeof timeout === 'function')
      return new Policy(settings, (value) => timeoutToMs(syncResult(timeout(value as never))), tags);
    return new Policy(settings, timeout === undefined ? this.timeoutMs : timeoutToMs(timeout), tags);
  }

  #tagsToMake(given: GetOrSetOptions<never>['tags']): Policy['tags'] {
    if (typeof given !== 'function') return tagList(given, this.hasTags);
    tagList([], this.hasTags);
    return (value) => this.tagList(syncResult(given(value as never)));
  }
}
