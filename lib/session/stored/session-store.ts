import { escapeGlob } from '../../common/glob.js';
import type { SessionSettings } from '../../config/settings.js';
import { companionKey } from '../../store/companion-key.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { CompareOutcome } from '../../store/outcomes.js';
import {
  type EndOptions,
  type EndOutcome,
  type Move,
  type MoveOutcome,
  parseTrace,
} from '../../store/trace.js';
import type { FoundSession } from '../object/session-identity.js';
import { isSessionName, plainNames, type SessionNaming } from '../wire/session-name.js';

/** A stored text and what is left of its time, in milliseconds. */
interface Look {
  readonly text: string;
  readonly ttl: number;
}

/** The time for which the trace of a session that was moved or ended is kept, in milliseconds. */
const TRACE_MS = 60_000;

/** The sessions of a store, by their keys or by the names of these in Redis. A ttl is in milliseconds; one under 1 leaves nothing behind. */
export class SessionStore {
  readonly #projectName: string;
  readonly #prefix: string;

  constructor(
    private readonly store: KeyValueStore,
    { projectName, keyPrefix }: Pick<SessionSettings, 'projectName' | 'keyPrefix'>,
    /** The form of a key in Redis. */
    readonly naming: SessionNaming = plainNames,
    /** True if sessions that have not moved yet may stand under their keys. */
    readonly hasPlainKeys: () => boolean = () => false,
  ) {
    this.#projectName = projectName;
    this.#prefix = `${projectName}:${keyPrefix}:`;
  }

  /** Looks for the first of these keys that has a session; where none has, for the first that has the trace of one. */
  async find(keys: readonly string[]): Promise<FoundSession> {
    for (const key of keys) {
      const text = await this.read(key);
      if (text !== null) return { state: 'stored', key, text };
    }
    for (const key of keys) {
      const trace = await this.store.get(this.#traceOf(key));
      if (trace === null) continue;
      const { state, value } = parseTrace(trace);
      return state === 'moved' && value !== undefined ? { state, key, text: value } : { state, key };
    }
    return { state: 'unknown', key: keys[0] ?? null };
  }

  read(key: string): Promise<string | null> {
    return this.store.get(this.#keyOf(key));
  }

  /** The text of each in one round trip, `null` for one that is gone. */
  readMany(keys: readonly string[]): Promise<(string | null)[]> {
    return this.store.getMany(keys.map((key) => this.#keyOf(key)));
  }

  /** The text of each and what is left of its time, in one round trip; `undefined` for one that is gone. */
  async look(keys: readonly string[]): Promise<(Look | undefined)[]> {
    const looks = await this.#look(keys.map((key) => this.#keyOf(key)));
    if (!keys.some((key, i) => looks[i] === undefined && this.#mayBePlain(key))) return looks;
    const plain = await this.#look(keys.map((key) => this.#prefix + key));
    return looks.map((look, i) => look ?? plain[i]);
  }

  async #look(redisKeys: readonly string[]): Promise<(Look | undefined)[]> {
    const [texts, ttls] = await Promise.all([
      this.store.getMany(redisKeys),
      Promise.all(redisKeys.map((key) => this.store.remaining(key))),
    ]);
    return redisKeys.map((_, i) => {
      const [text, ttl] = [texts[i] ?? null, ttls[i]];
      return text === null || ttl === undefined ? undefined : { text, ttl: ttl ?? Infinity };
    });
  }

  /** The keys of all sessions, page by page; one may come twice. */
  async *scan(): AsyncGenerator<readonly string[]> {
    for await (const page of this.store.scan(`${escapeGlob(this.#prefix)}*`))
      yield page
        .map((redisKey) => redisKey.slice(this.#prefix.length))
        .filter((name) => isSessionName(name) && this.naming(name) === name);
  }

  async exists(key: string): Promise<boolean> {
    if (await this.store.has(this.#keyOf(key))) return true;
    return this.#mayBePlain(key) && this.store.has(this.#prefix + key);
  }

  /** Stores a session only if its key is free. @returns whether it was */
  async insert(key: string, text: string, ttl: number): Promise<boolean> {
    return ttl < 1 || this.store.setIfAbsent(this.#keyOf(key), text, ttl);
  }

  /** Stores a session under a key that others may know; Returns whether it was free, and no session was moved or ended under it. */
  async insertUntraced(key: string, text: string, ttl: number): Promise<boolean> {
    return ttl >= 1 && (await this.store.setIfUntraced(this.#keyOf(key), this.#traceOf(key), text, ttl));
  }

  /** Replaces the text while it is `expected`; never creates a session. */
  replace(key: string, expected: string, text: string, ttl: number): Promise<CompareOutcome> {
    return ttl < 1
      ? this.store.compareAndDelete(this.#keyOf(key), expected)
      : this.store.compareAndSet(this.#keyOf(key), expected, text, ttl);
  }

  /** Extends a session while its text is `expected`; whether it did. */
  async extend(key: string, expected: string, ttl: number): Promise<boolean> {
    if (ttl >= 1) return this.store.compareAndExpire(this.#keyOf(key), expected, ttl);
    return (await this.store.compareAndDelete(this.#keyOf(key), expected)).outcome === 'done';
  }

  /** Extends a session while its text is `expected`, and has it say so; whether it did. */
  async extendAs(key: string, expected: string, text: string, ttl: number): Promise<boolean> {
    return (await this.replace(key, expected, text, ttl)).outcome === 'done';
  }

  /** Takes the session from a key, and leaves a trace of where it went. */
  moveAway(key: string, move: Omit<Move, 'traceTtl'>): Promise<MoveOutcome> {
    return this.store.moveAway(this.#keyOf(key), this.#traceOf(key), {
      ...move,
      successor: this.naming(move.successor),
      traceTtl: TRACE_MS,
    });
  }

  /** Deletes a session, and leaves a trace. */
  async end(key: string, options: EndOptions): Promise<EndOutcome> {
    const ending = this.store.end(this.#keyOf(key), this.#traceOf(key), TRACE_MS, options);
    if (!this.#mayBePlain(key)) return ending;
    const [outcome, wasPlain] = await Promise.all([ending, this.store.delete(this.#prefix + key)]);
    return { ...outcome, existed: outcome.existed || wasPlain };
  }

  /** Deletes what nobody has the key of. */
  async remove(key: string): Promise<void> {
    await this.store.delete(this.#keyOf(key));
  }

  /** True if it is the key of a session that may not have moved to the hash yet. */
  #mayBePlain(key: string): boolean {
    return this.hasPlainKeys() && this.naming(key) !== key;
  }

  #keyOf(key: string): string {
    return this.#prefix + this.naming(key);
  }

  #traceOf(key: string): string {
    return companionKey(this.#projectName, 'trace', this.#keyOf(key));
  }
}
