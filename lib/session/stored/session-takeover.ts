import { sessionLogger } from '../../common/loggers.js';
import type { SessionOrigin } from '../../config/session-origin.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { FoundSession } from '../object/session-identity.js';
import type { SessionCodec } from '../wire/session-codec.js';
import { keyFromDigest } from '../wire/session-key.js';
import type { SessionSigner } from '../wire/session-signer.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/** A session of the earlier application that a visitor still has the cookie of. */
export interface EarlierSession {
  readonly redisKey: string;
  /** The key that it has here. */
  readonly key: string;
}

/**
 * Takes over the sessions of an earlier application, each when its visitor comes.
 *
 * The new key follows from the old one, so that requests of one visitor that come together meet in one session, and one
 * that was cut off between two steps is finished by the next. The old session goes only when the new one stands.
 */
export class SessionTakeover {
  constructor(
    private readonly origin: SessionOrigin,
    private readonly store: KeyValueStore,
    private readonly sessions: SessionStore,
    private readonly codec: SessionCodec,
    private readonly signer: SessionSigner,
    private readonly events: SessionEventEmitter,
    private readonly ageMs: number,
  ) {}

  get cookieName(): string {
    return this.origin.cookieName;
  }

  /** The session that a cookie of the earlier application names; `undefined` where that did not sign it. */
  named(cookie: string): EarlierSession | undefined {
    const redisKey = this.origin.redisKeyOf(cookie);
    if (redisKey === undefined) return undefined;
    return { redisKey, key: keyFromDigest(this.signer.digest(`migrate\n${redisKey}`)) };
  }

  /** Looks for it under its new key, and takes it over where it still stands under its old one. */
  async find({ redisKey, key }: EarlierSession): Promise<FoundSession> {
    const found = await this.sessions.find([key]);
    if (found.state === 'unknown') return this.#takeOver(redisKey, key);
    await this.store.delete(redisKey);
    return found;
  }

  async #takeOver(redisKey: string, key: string): Promise<FoundSession> {
    const [text, left] = await Promise.all([this.store.get(redisKey), this.store.remaining(redisKey)]);
    const sealed = text === null ? undefined : this.#seal(text);
    // gone: another request of the visitor may have been faster
    if (sealed === undefined || left === undefined) return this.sessions.find([key]);
    const isTaken = await this.sessions.insertUntraced(key, sealed, Math.min(left ?? this.ageMs, this.ageMs));
    if (isTaken) this.events.emit('created', key);
    const found = isTaken
      ? ({ state: 'stored', key, text: sealed } as const)
      : await this.sessions.find([key]);
    if (found.state !== 'unknown') await this.store.delete(redisKey);
    return found;
  }

  #seal(text: string): string | undefined {
    const entries = this.origin.entriesOf(text);
    if (entries === undefined) return undefined;
    try {
      return this.codec.seal(this.codec.toJson(entries));
    } catch {
      sessionLogger.warn(
        `A session of the earlier application (${text.length} characters) holds what is no strict JSON, and was not taken over`,
      );
      return undefined;
    }
  }
}
