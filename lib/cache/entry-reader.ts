import type { Serializer } from '../serializer/serializer.js';
import type { CacheKeys } from './cache-keys.js';
import { type VersionOptions, versionOf } from './call-options.js';
import { keyList } from './entries.js';
import { load, loadMany } from './loading.js';
import type { StoredEntries } from './stored/stored-entries.js';
import type { CacheObserver } from './observing/cache-observer.js';
import { HIT, MISS } from './observing/reading.js';

/** Reads entries as they stand, and reports what it finds. */
export class EntryReader {
  constructor(
    private readonly entries: Pick<StoredEntries, 'get' | 'textsOf'>,
    private readonly keys: CacheKeys,
    private readonly serializer: Serializer,
    private readonly observer: CacheObserver,
  ) {}

  /**
   * @param owner whose `get` was called
   * @param absent what is given where there is no entry
   */
  value(owner: object, key: string, options: VersionOptions | undefined, absent: unknown): Promise<unknown> {
    return this.observer.read('get', key, async (report) => {
      try {
        const text = await this.entries.get(this.keys.redisKey(key, versionOf(options, owner, 'get')));
        const value = text === null ? absent : load(this.serializer, key, text);
        report.read(text === null ? MISS : HIT);
        return value;
      } catch (error) {
        report.failed();
        throw error;
      }
    });
  }

  /** @param owner whose `getMany` was called */
  async values(
    owner: object,
    keys: Iterable<string>,
    options: VersionOptions | undefined,
  ): Promise<Map<string, unknown>> {
    const asked = this.observer.checked('getMany', () => keyList(keys));
    return await this.observer.read('getMany', asked, async (report) => {
      try {
        const redisKeys = this.keys.redisKeys(asked, versionOf(options, owner, 'getMany'));
        const texts = await this.entries.textsOf(redisKeys);
        const values = loadMany(this.serializer, asked, texts);
        for (const text of texts) report.read(text === null ? MISS : HIT);
        return values;
      } catch (error) {
        report.failed();
        throw error;
      }
    });
  }
}
