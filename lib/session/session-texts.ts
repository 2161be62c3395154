import { expose } from './object/session-verbs.js';
import { isSession, sessionStateOf } from './object/state-of.js';
import type { SessionReader } from './stored/session-reader.js';
import type { SessionCodec } from './wire/session-codec.js';
import type { SessionData } from './wire/session-data.js';

/** The texts of sessions for those who write and read the store themselves. */
export class SessionTexts {
  constructor(
    private readonly codec: SessionCodec,
    private readonly reader: SessionReader,
    private readonly isAtRest: boolean,
  ) {}

  /** @throws TypeError when a value, or what is given itself, is not JSON */
  encode(data: object, key: string | undefined): string {
    if (Array.isArray(data) || (data as unknown) === null)
      throw new TypeError('encode takes an object of entries, not an array or null');
    const entries = isSession(data) ? expose(sessionStateOf(data)) : (data as SessionData);
    return this.codec.seal(this.codec.toJson(entries), this.#keyOf('encode', key));
  }

  /** The entries of a text; none, with a warning, when it cannot be read. */
  decode(text: string, key: string | undefined): Record<string, unknown> {
    return this.reader.read(text, this.#keyOf('decode', key), false).data;
  }

  /** Only at rest is a text one key's. */
  #keyOf(method: string, key: string | undefined): string {
    if (key === undefined && this.isAtRest)
      throw new TypeError(
        `With session.atRest, sessions.${method}() takes the session's key as its second argument`,
      );
    return key ?? '';
  }
}
