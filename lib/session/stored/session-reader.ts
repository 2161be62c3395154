import type { BoundedWarnings } from '../../common/bounded-warnings.js';
import type { DecodedSession, SessionCodec } from '../wire/session-codec.js';
import type { SessionEventEmitter } from './session-events.js';

/** The subjects of warnings about visitors' sessions. */
export type SessionWarning = 'too large' | 'unreadable' | 'not taken over' | 'expiry' | 'broadcast';

/** Reads stored texts; one that cannot be read gives an empty session, a warning and an event. */
export class SessionReader {
  constructor(
    private readonly codec: SessionCodec,
    private readonly events: SessionEventEmitter,
    private readonly warnings: BoundedWarnings<SessionWarning>,
    private readonly maxBytes: number,
  ) {}

  /** @param isStored whether the text came from the store, so that listeners learn of one that cannot be read */
  read(text: string, key: string, isStored = true): DecodedSession {
    const decoded = this.codec.decode(text, key);
    if (decoded.problem === undefined) {
      if (text.length > this.maxBytes)
        this.warnings.warn(
          'too large',
          `A stored session of ${text.length} bytes is larger than session.maxBytes (${this.maxBytes}); it cannot be saved until ` +
            'it is smaller',
        );
      return decoded;
    }
    this.warnings.warn(
      'unreadable',
      `A stored session of ${text.length} characters is treated as empty: ${decoded.problem}. ` +
        'If it is a Django app that wrote it, compare SECRET_KEY, the salt and the serializer of both sides, and look for NaN',
    );
    if (isStored) this.events.emit('corrupt', key);
    return decoded;
  }
}
