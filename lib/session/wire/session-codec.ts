import { toAscii } from '../../serializer/ascii-json.js';
import type { Serializer } from '../../serializer/serializer.js';
import type { Clock } from '../../common/clock.js';
import { rememberedTexts } from './remembered-texts.js';
import type { SessionData } from './session-data.js';
import type { SessionForm } from './session-form.js';
import { plainNames, type SessionNaming } from './session-name.js';

/** JSON that nests too deep to be written has more characters than this: two for each of 500 levels. */
const DEEPEST_IS_LONGER = 1000;

/** The contents of a stored text; `problem` says in a few words why it could not be read, and the session is empty. */
export interface DecodedSession {
  readonly data: SessionData;
  /** The ASCII-only JSON of the data as its writer spelled it. */
  readonly json: string;
  /** The time at which it was signed, in milliseconds since the epoch; whole seconds. */
  readonly savedAt?: number;
  readonly problem?: string;
}

/** Turns sessions into the texts that are stored, and back. A key may be given by its name in Redis. */
export class SessionCodec {
  readonly #remembered = rememberedTexts();

  constructor(
    private readonly form: SessionForm,
    private readonly serializer: Serializer,
    private readonly clock: Clock,
    private readonly naming: SessionNaming = plainNames,
  ) {}

  /**
   * ASCII-only JSON of the data.
   *
   * @throws TypeError when a value is not JSON; it names the path and the fix.
   */
  toJson(data: SessionData): string {
    return toAscii(this.serializer.dumps(data));
  }

  /** Makes a text of what `toJson` gave. */
  seal(json: string, key: string): string {
    const name = this.naming(key);
    const savedAt = Math.floor(this.clock.now() / 1000) * 1000;
    const text = this.form.seal(json, name, savedAt);
    this.#remembered.set(this.#memoryKey(text, name), { json, savedAt });
    return text;
  }

  /** Never throws: whatever is wrong with the text makes the session empty. */
  decode(text: string, key: string): DecodedSession {
    return this.decodeUnder(text, this.naming(key));
  }

  /** The same for a text that was stored when keys had other names. */
  decodeUnder(text: string, name: string): DecodedSession {
    const remembered = this.#remembered.get(this.#memoryKey(text, name));
    return remembered === undefined
      ? this.#open(text, name)
      : { data: this.fromJson(remembered.json) as SessionData, ...remembered };
  }

  fromJson(json: string): unknown {
    return this.serializer.loads(json);
  }

  #open(text: string, name: string): DecodedSession {
    const opened = this.form.open(text, name);
    if ('problem' in opened) return unreadable(opened.problem);
    const { json, savedAt, isEarlierForm } = opened;
    try {
      const data = this.fromJson(json);
      if (!isObject(data)) return unreadable('it is signed, but not an object');
      // data that nests deeper than can be written would fail the next save, a login too
      if (json.length > DEEPEST_IS_LONGER) this.toJson(data);
      if (isEarlierForm !== true) this.#remembered.set(this.#memoryKey(text, name), { json, savedAt });
      return { data, json, savedAt };
    } catch {
      return unreadable('it is signed, but cannot be decoded');
    }
  }

  #memoryKey(text: string, name: string): string {
    return this.form.bindsName ? name + text : text;
  }
}

const unreadable = (problem: string): DecodedSession => ({ data: {}, json: '{}', problem });

const isObject = (value: unknown): value is SessionData =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
