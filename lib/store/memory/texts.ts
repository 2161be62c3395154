import { RedisServiceError } from '../../errors/redis.errors.js';
import type { CompareOutcome, IncrementOutcome } from '../outcomes.js';
import type { TimeToLive } from '../time-to-live.js';
import { drawToken } from '../token.js';

const DECIMAL_INTEGER = /^(?:0|-?[1-9]\d*)$/;

/** The part of a MemoryStore's entries that texts need. */
interface Entries {
  get(key: string): unknown;
  has(key: string): boolean;
  set(key: string, text: string, ttl: TimeToLive): void;
  replace(key: string, text: string): void;
  remaining(key: string): TimeToLive | undefined;
}

/** The verbs for entries that are texts. */
export class Texts {
  constructor(private readonly entries: Entries) {}

  /** @throws RedisServiceError (WRONGTYPE) for an entry that is no text */
  get(key: string): string | undefined {
    const value = this.entries.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw new RedisServiceError('WRONGTYPE');
  }

  /** As MGET of Redis: an entry that is no text counts as missing. */
  getMany(keys: readonly string[]): (string | null)[] {
    return keys.map((key) => {
      const value = this.entries.get(key);
      return typeof value === 'string' ? value : null;
    });
  }

  insert(key: string, text: string, ttl: TimeToLive): boolean {
    if (this.entries.has(key)) return false;
    this.entries.set(key, text, ttl);
    return true;
  }

  insertOrGet(key: string, text: string, ttl: TimeToLive): string | null {
    const current = this.get(key);
    if (current !== undefined) return current;
    this.entries.set(key, text, ttl);
    return null;
  }

  /** Calls `change` while the text is `expected`. */
  compare(key: string, expected: string, change: () => void): CompareOutcome {
    const current = this.get(key);
    if (current === undefined) return { outcome: 'missing' };
    if (current !== expected) return { outcome: 'changed', current };
    change();
    return { outcome: 'done' };
  }

  increment(key: string, delta: number): IncrementOutcome {
    const text = this.get(key);
    if (text === undefined) return { outcome: 'missing' };
    if (!DECIMAL_INTEGER.test(text)) return { outcome: 'not-an-integer' };
    const before = Number(text);
    const sum = before + delta;
    if (!Number.isSafeInteger(before) || !Number.isSafeInteger(sum)) return { outcome: 'out-of-range' };
    this.entries.replace(key, String(sum));
    return { outcome: 'done', value: String(sum) };
  }

  takeToken(key: string, ttl: TimeToLive): string {
    const token = this.get(key) ?? drawToken();
    const left = this.entries.remaining(key) ?? (this.entries.has(key) ? null : 0);
    const lasts = left === null || ttl === null ? null : Math.max(left, ttl);
    this.entries.set(key, token, lasts);
    return token;
  }
}
