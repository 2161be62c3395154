import type { BoundedWarnings } from '../../common/bounded-warnings.js';
import { refusePromise } from '../../common/sync-result.js';
import type { SessionOrigin } from '../../config/session-origin.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { EarlierSession, FoundSession } from '../object/session-identity.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import { isOwnEntry } from '../object/session-user.js';
import type { SessionCodec } from '../wire/session-codec.js';
import { cookieValues } from '../wire/cookie-header.js';
import { keyFromDigest } from '../wire/session-key.js';
import type { SessionSigner } from '../wire/session-signer.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionWarning } from './session-reader.js';
import type { SessionStore } from './session-store.js';

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
    private readonly lifetime: SessionLifetime,
    private readonly warnings: BoundedWarnings<SessionWarning>,
  ) {}

  /** The session that a Cookie header names; `undefined` where the earlier application did not sign one. */
  namedIn(header: string | undefined): EarlierSession | undefined {
    // of several, the earlier application took the first
    for (const cookie of cookieValues(header, this.origin.cookieName).reverse()) {
      const redisKey = refusePromise(this.origin.redisKeyOf(cookie), 'session.migrateFrom: redisKeyOf()');
      if (redisKey !== undefined)
        return { redisKey, key: keyFromDigest(this.signer.digest(`migrate\n${redisKey}`)) };
    }
    return undefined;
  }

  /** Goes on from what a look under the keys of the visitor has found. */
  async proceed({ redisKey, key }: EarlierSession, found: FoundSession): Promise<FoundSession> {
    const reached = found.state === 'unknown' ? await this.#takeOver(redisKey, key) : found;
    if (reached.state !== 'unknown' && reached.key === key) await this.store.delete(redisKey);
    return reached;
  }

  /** Ends it where it stands in the store of the earlier application. */
  async end({ redisKey }: EarlierSession): Promise<void> {
    await this.store.delete(redisKey);
  }

  async #takeOver(redisKey: string, key: string): Promise<FoundSession> {
    const [text, left] = await Promise.all([this.store.get(redisKey), this.store.remaining(redisKey)]);
    const sealed = text === null ? undefined : this.#seal(text, key);
    if (sealed !== undefined && left !== undefined) {
      const ttl = Math.min(left ?? Infinity, this.lifetime.timeToLive({}));
      if (await this.sessions.insertUntraced(key, sealed, ttl)) {
        this.events.emit('created', key);
        return { state: 'stored', key, text: sealed };
      }
    }
    // another request of the visitor may have been faster
    return this.sessions.find([key]);
  }

  #seal(text: string, key: string): string | undefined {
    const entries = refusePromise(this.origin.entriesOf(text), 'session.migrateFrom: entriesOf()');
    if (entries === undefined) {
      this.#warnOf(
        text,
        'its text is not JSON as connect-redis stores it. If its RedisStore had a serializer, give session.migrateFrom an entriesOf() ' +
          'that reads it',
      );
      return undefined;
    }
    // an earlier application has not written these entries, so they say nothing true of sign-ins and times
    for (const name of Object.keys(entries).filter(isOwnEntry)) Reflect.deleteProperty(entries, name);
    this.lifetime.stamp(entries, undefined);
    try {
      return this.codec.seal(this.codec.toJson(entries), key);
    } catch {
      this.#warnOf(text, 'it holds values that are not strict JSON');
      return undefined;
    }
  }

  #warnOf(text: string, problem: string): void {
    this.warnings.warn(
      'not taken over',
      `A session of the earlier application (${text.length} characters) was not taken over: ${problem}`,
    );
  }
}
