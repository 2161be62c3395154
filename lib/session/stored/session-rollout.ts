import type { SessionSettings } from '../../config/settings.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { FoundSession } from '../object/session-identity.js';
import { userOf } from '../object/session-user.js';
import { indexedMs } from '../users/index-stamp.js';
import type { UserIndex } from '../users/user-index.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionStore } from './session-store.js';

/** The time for which a session may still stand under its plain key once it is being moved. */
const MOVING_MS = 60_000;

/**
 * Moves sessions that were stored before `atRest.hashKeys` was switched on from their keys to the hashes of these, each when its
 * visitor comes.
 *
 * Requests of one visitor that come together meet in one session. Before it is copied its first copy gets a short life: one that
 * a crash leaves behind is gone before the trace of a logout is.
 */
export class SessionRollout {
  readonly #prefix: string;

  constructor(
    private readonly store: KeyValueStore,
    private readonly sessions: SessionStore,
    private readonly codec: SessionCodec,
    private readonly index: UserIndex,
    { projectName, keyPrefix }: Pick<SessionSettings, 'projectName' | 'keyPrefix'>,
  ) {
    this.#prefix = `${projectName}:${keyPrefix}:`;
  }

  /** Goes on from what a look under the names of these keys has found. */
  async proceed(keys: readonly string[], found: FoundSession): Promise<FoundSession> {
    if (found.state === 'stored' || !this.sessions.hasPlainKeys()) return found;
    const traced = found.state === 'unknown' ? undefined : found.key;
    for (const key of keys.filter((each) => each !== traced)) {
      const moved = await this.#move(key);
      if (moved !== undefined && (moved.state === 'stored' || traced === undefined)) return moved;
    }
    return found;
  }

  async #move(key: string): Promise<FoundSession | undefined> {
    const plainKey = this.#prefix + key;
    const [text, left] = await Promise.all([this.store.get(plainKey), this.store.remaining(plainKey)]);
    if (text === null || typeof left !== 'number') return undefined;
    const { data, json, problem } = this.codec.decodeUnder(text, key);
    if (problem !== undefined) return undefined;
    const isUnchanged = await this.store.compareAndExpire(plainKey, text, Math.min(left, MOVING_MS));
    const sealed = this.codec.seal(json, key);
    // another request of the visitor may have been faster
    if (!isUnchanged || !(await this.sessions.insertUntraced(key, sealed, left)))
      return this.sessions.find([key]);
    const userId = userOf(data);
    const [wasThere] = await Promise.all([
      this.store.delete(plainKey),
      userId !== undefined && this.index.rename(userId, key, indexedMs(left), MOVING_MS),
    ]);
    if (wasThere) return { state: 'stored', key, text: sealed };
    // a process of the old version has ended it in the meantime
    await this.sessions.end(key, {});
    return undefined;
  }
}

/** Until when sessions may still stand under their keys, in milliseconds since the epoch; `undefined` where none ever does. */
export const plainKeysUntil = ({
  atRest,
  age,
}: Pick<SessionSettings, 'atRest' | 'age'>): number | undefined =>
  atRest?.hashKeys === true && atRest.since !== undefined ? atRest.since + age * 1000 : undefined;
