import { escapeGlob } from '../../common/glob.js';
import { companionKey } from '../../store/companion-key.js';
import type {
  CompareOutcome,
  EndOptions,
  EndOutcome,
  KeyValueStore,
  Move,
  MoveOutcome,
} from '../../store/key-value-store.js';
import { parseTrace } from '../../store/trace.js';
import { isSessionKey } from '../wire/session-key.js';
import type { FoundSession } from '../object/session-identity.js';

/** How long the trace of a session that was moved or ended is kept, in milliseconds. */
const TRACE_MS = 60_000;

/** The sessions of a store, by their keys. A ttl is in milliseconds; one under 1 leaves nothing behind. */
export class SessionStore {
  readonly #prefix: string;

  constructor(
    private readonly store: KeyValueStore,
    private readonly projectName: string,
    keyPrefix: string,
  ) {
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
    return this.store.get(this.#prefix + key);
  }

  /** The text of each and what is left of its time, in one round trip; `undefined` for one that is gone. */
  async look(keys: readonly string[]): Promise<({ text: string; ttl: number } | undefined)[]> {
    const redisKeys = keys.map((key) => this.#prefix + key);
    const [texts, ttls] = await Promise.all([
      this.store.getMany(redisKeys),
      Promise.all(redisKeys.map((key) => this.store.remaining(key))),
    ]);
    return keys.map((_, i) => {
      const [text, ttl] = [texts[i] ?? null, ttls[i]];
      return text === null || ttl === undefined ? undefined : { text, ttl: ttl ?? Infinity };
    });
  }

  /** The keys of all sessions, page by page; one may come twice. */
  async *scan(): AsyncGenerator<readonly string[]> {
    for await (const page of this.store.scan(`${escapeGlob(this.#prefix)}*`))
      yield page.map((redisKey) => redisKey.slice(this.#prefix.length)).filter(isSessionKey);
  }

  exists(key: string): Promise<boolean> {
    return this.store.has(this.#prefix + key);
  }

  /** Whether the key was free. */
  async insert(key: string, text: string, ttl: number): Promise<boolean> {
    return ttl < 1 || this.store.setIfAbsent(this.#prefix + key, text, ttl);
  }

  /** Stores a session under a key that others may know; whether it was free, and no session was moved or ended under it. */
  async insertUntraced(key: string, text: string, ttl: number): Promise<boolean> {
    return ttl >= 1 && (await this.store.setIfUntraced(this.#prefix + key, this.#traceOf(key), text, ttl));
  }

  /** Replaces the text while it is `expected`; never creates a session. */
  replace(key: string, expected: string, text: string, ttl: number): Promise<CompareOutcome> {
    return ttl < 1
      ? this.store.compareAndDelete(this.#prefix + key, expected)
      : this.store.compareAndSet(this.#prefix + key, expected, text, ttl);
  }

  /** Extends a session while its text is `expected`; whether it did. */
  async extend(key: string, expected: string, ttl: number): Promise<boolean> {
    if (ttl >= 1) return this.store.compareAndExpire(this.#prefix + key, expected, ttl);
    return (await this.store.compareAndDelete(this.#prefix + key, expected)).outcome === 'done';
  }

  /** Extends a session while its text is `expected`, and has it say so; whether it did. */
  async extendAs(key: string, expected: string, text: string, ttl: number): Promise<boolean> {
    return (await this.replace(key, expected, text, ttl)).outcome === 'done';
  }

  /** Takes the session from a key, and leaves a trace of where it went. */
  moveAway(key: string, move: Omit<Move, 'traceTtl'>): Promise<MoveOutcome> {
    return this.store.moveAway(this.#prefix + key, this.#traceOf(key), { ...move, traceTtl: TRACE_MS });
  }

  /** Deletes a session, and leaves a trace. */
  end(key: string, options: EndOptions): Promise<EndOutcome> {
    return this.store.end(this.#prefix + key, this.#traceOf(key), TRACE_MS, options);
  }

  /** Deletes what nobody has the key of. */
  async remove(key: string): Promise<void> {
    await this.store.delete(this.#prefix + key);
  }

  #traceOf(key: string): string {
    return companionKey(this.projectName, 'trace', this.#prefix + key);
  }
}
