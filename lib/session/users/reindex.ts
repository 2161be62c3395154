import { deviceOf, userOf } from '../object/session-user.js';
import { startOf } from '../object/session-lifetime.js';
import type { SessionStore } from '../stored/session-store.js';
import type { SessionCodec } from '../wire/session-codec.js';
import { indexedMs } from './index-stamp.js';
import type { UserIndex } from './user-index.js';

/** The progress of `reindex()`. */
export interface ReindexProgress {
  /** The number of sessions it has looked at. */
  readonly scanned: number;
  /** The number of them that are a user's, and stand in the index now. */
  readonly indexed: number;
}

/** The options of `reindex()`. */
export interface ReindexOptions {
  /** Told after each page of keys, a few hundred. It is awaited: where it fails, `reindex()` fails. */
  readonly onProgress?: (progress: ReindexProgress) => unknown;
}

/** Walks over all sessions, and has the index know those that are bound to a user: Django may have bound them. */
export const reindex = async (
  sessions: SessionStore,
  index: UserIndex,
  codec: SessionCodec,
  { onProgress }: ReindexOptions,
): Promise<ReindexProgress> => {
  const seen = { scanned: 0, indexed: 0 };
  for await (const keys of sessions.scan()) {
    const looks = await sessions.look(keys);
    const kept = await Promise.all(
      looks.map(async (look, i) => {
        const key = keys[i];
        if (look === undefined || key === undefined) return false;
        const { data, savedAt } = codec.decode(look.text, key);
        const userId = userOf(data);
        if (userId === undefined) return false;
        const more = { createdAt: startOf(data) ?? savedAt, device: deviceOf(data) };
        return index.keep(userId, key, more, indexedMs(look.ttl));
      }),
    );
    seen.scanned += looks.filter((look) => look !== undefined).length;
    seen.indexed += kept.filter(Boolean).length;
    await onProgress?.({ ...seen });
  }
  return seen;
};
