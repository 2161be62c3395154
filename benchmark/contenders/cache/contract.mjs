/**
 * What a cache does here. Every entry expires after `TTL_SECONDS`; a verb that the library does not have is absent.
 *
 * @typedef {object} CacheContender
 * @property {(key: string) => Promise<unknown>} get
 * @property {(key: string, value: unknown) => Promise<unknown>} set
 * @property {((key: string) => Promise<number>) | undefined} [incr]
 * @property {((keys: string[]) => Promise<unknown[] | Map<string, unknown>>) | undefined} [getMany] in the order
 *   of the keys
 * @property {((entries: [string, unknown][]) => Promise<unknown>) | undefined} [setMany]
 * @property {((key: string, factory: () => Promise<unknown>) => Promise<unknown>) | undefined} [getOrSet]
 * @property {((tag: string) => Promise<unknown>) | undefined} [invalidateTag]
 * @property {(() => Promise<unknown>) | undefined} [clear]
 */

/** The prefix of every contender's keys. */
export const PREFIX = 'shop';

export const TTL_SECONDS = 300;

export const TTL_MS = TTL_SECONDS * 1000;
