import type { Clock } from '../../common/clock.js';
import {
  type Claim,
  drawNonce,
  EARLY_MS,
  type Grace,
  type KeptKeys,
  type KeptOutcome,
  type KeptWrite,
  type Look,
  type LookOptions,
  type NotAsTagged,
  type Over,
  type Standing,
  type Tagged,
} from '../kept-entry.js';
import { bareText, isMarked, MARK, TOKENS_OUTLIVE_MS } from '../tagged-text.js';
import type { IncrementOutcome } from '../outcomes.js';
import type { TimeToLive } from '../time-to-live.js';
import type { Texts } from './texts.js';

/** The content of an entry's companion. */
export class Companion {
  constructor(
    readonly nonce: string,
    readonly grace: number,
    /** Of an entry that has one. */
    readonly end?: { readonly at: number; readonly whole: number; readonly text: string | null },
  ) {}
}

/** The part of a MemoryStore's entries that kept entries need. */
interface Entries {
  get(key: string): unknown;
  set(key: string, value: string | Companion, ttl: TimeToLive): void;
  replace(key: string, text: string): void;
  expire(key: string, ttl: TimeToLive): boolean;
  remaining(key: string): TimeToLive | undefined;
  delete(key: string): boolean;
}

/** The verbs for entries with companions. */
export class MemoryCompanions {
  constructor(
    private readonly entries: Entries,
    private readonly clock: Clock,
    private readonly texts: Texts,
  ) {}

  lookUp(keys: KeptKeys, options: LookOptions): Look {
    const text = this.texts.get(keys.entry);
    return text === undefined ? this.#vacancy(keys, options) : this.#standing(keys, text, options);
  }

  write(keys: KeptKeys, { value, ttl, grace, over, run, tokens = '' }: KeptWrite): KeptOutcome {
    const current = over.kind === 'anything' ? undefined : this.texts.get(keys.entry);
    const companion = this.#companion(keys);
    const text = value ?? current ?? companion?.end?.text ?? null;
    const isHolder = run !== undefined && this.#holder(keys) === run;
    const isRefused = run !== undefined && !isHolder;
    if (text === null || isRefused || !this.#isExpected(keys, over, current, companion)) {
      if (isHolder) this.#endLease(keys);
      if (current === undefined) return { outcome: 'changed' };
      this.#dropUnless(keys, current);
      return { outcome: 'stands', current: bare(keys, current), ...this.#tagged(keys, current) };
    }
    const stored = (value ?? bare(keys, text)) + (tokens === '' ? '' : MARK);
    this.entries.set(keys.entry, stored, ttl);
    this.#endLease(keys);
    this.#keep(keys, stored, ttl, grace);
    this.#putTokens(keys, tokens, ttl, grace);
    return { outcome: 'stored' };
  }

  expire(keys: KeptKeys, ttl: TimeToLive, tokens = ''): boolean | NotAsTagged {
    const text = this.texts.get(keys.entry);
    if (text === undefined) return false;
    const not = this.#notAsTagged(keys, text, tokens);
    if (not !== undefined) return not;
    if (isTagged(keys, text)) this.#putTokens(keys, tokens, ttl, this.#companion(keys)?.grace ?? null);
    this.entries.expire(keys.entry, ttl);
    this.#dropUnless(keys, text);
    const companion = this.#companion(keys);
    if (companion !== undefined) this.#put(keys, companion.nonce, text, ttl, companion.grace);
    return true;
  }

  increment(keys: KeptKeys, delta: number, grace: Grace, tokens = ''): IncrementOutcome | NotAsTagged {
    const text = this.texts.get(keys.entry) ?? '';
    const not = this.#notAsTagged(keys, text, tokens);
    if (not !== undefined) return not;
    const tagged = isTagged(keys, text);
    if (tagged) this.entries.replace(keys.entry, bareText(text));
    const outcome = this.texts.increment(keys.entry, delta);
    if (outcome.outcome !== 'done') {
      if (tagged) this.entries.replace(keys.entry, text);
      return outcome;
    }
    const sum = outcome.value + (tagged ? MARK : '');
    if (tagged) this.entries.replace(keys.entry, sum);
    this.#keep(keys, sum, this.#wholeOf(keys), grace);
    return outcome;
  }

  inspect(keys: KeptKeys): Standing | undefined {
    const remaining = this.entries.remaining(keys.entry);
    if (remaining === undefined) return undefined;
    const value = this.entries.get(keys.entry);
    return { remaining, ...(typeof value === 'string' && this.#tagged(keys, value)) };
  }

  /** Writes the companion of an entry again. */
  #keep(keys: KeptKeys, text: string, whole: TimeToLive, grace: Grace): void {
    if (grace === null) this.entries.delete(keys.grace);
    else this.#put(keys, drawNonce(), text, whole, grace);
  }

  /** The whole timeout of an entry, as far as it is known. */
  #wholeOf(keys: KeptKeys): TimeToLive {
    return this.#companion(keys)?.end?.whole ?? this.entries.remaining(keys.entry) ?? null;
  }

  #standing(keys: KeptKeys, text: string, { lastsMs, ahead, claim }: LookOptions): Look {
    const companion = this.#companion(keys);
    const isFree = claim === undefined || this.#holder(keys) === undefined;
    const isDue =
      ahead !== undefined && isFree && this.#isDue(keys, ahead.part, companion?.end?.whole ?? ahead.ttl);
    if (isDue) this.#last(keys, (this.entries.remaining(keys.entry) ?? 0) + lastsMs);
    const nonce = companion?.nonce ?? '';
    return { state: 'stands', text: bare(keys, text), nonce, isDue, ...this.#tagged(keys, text) };
  }

  #vacancy(keys: KeptKeys, { grace: longest, lastsMs, claim }: LookOptions): Look {
    const held = claim === undefined ? {} : { holder: this.#claim(keys, claim) };
    const companion = this.#companion(keys);
    if (companion === undefined) return { state: 'missing', ...held };
    const { nonce, grace, end } = companion;
    if (end === undefined || !this.#isOver(end.at)) {
      this.entries.delete(keys.grace);
      return { state: 'missing', ...held };
    }
    this.#last(keys, lastsMs);
    const isServed = longest > 0 && this.clock.now() < end.at + Math.min(grace, longest);
    if (!isServed || end.text === null) return { state: 'stale', text: null, nonce, ...held };
    return { state: 'stale', text: bare(keys, end.text), nonce, ...held, ...this.#tagged(keys, end.text) };
  }

  /** The holder of the lease after somebody has asked for it. */
  #claim(keys: KeptKeys, { token, ms }: Claim): string {
    const holder = this.#holder(keys);
    if (holder === undefined && keys.lease !== undefined) this.entries.set(keys.lease, token, ms);
    return holder ?? token;
  }

  #holder({ lease }: KeptKeys): string | undefined {
    return lease === undefined ? undefined : this.texts.get(lease);
  }

  #endLease({ lease }: KeptKeys): void {
    if (lease !== undefined) this.entries.delete(lease);
  }

  #put(keys: KeptKeys, nonce: string, text: string, whole: TimeToLive, grace: number): void {
    const left = this.entries.remaining(keys.entry);
    if (typeof left !== 'number' || whole === null) {
      this.entries.set(keys.grace, new Companion(nonce, grace), null);
      return;
    }
    const end = { at: this.clock.now() + left, whole, text: grace > 0 ? text : null };
    if (left + grace > 0) this.entries.set(keys.grace, new Companion(nonce, grace, end), left + grace);
  }

  #isExpected(
    keys: KeptKeys,
    over: Over,
    current: string | undefined,
    companion: Companion | undefined,
  ): boolean {
    switch (over.kind) {
      case 'anything':
        return true;
      case 'absent':
        return current === undefined;
      case 'nothing':
        return current === undefined && companion === undefined;
      case 'stale':
        return current === undefined && companion?.nonce === over.nonce;
      case 'dead':
        return (
          current !== undefined &&
          this.#tagged(keys, current).tokens === over.tokens &&
          (over.tokens !== '' || bare(keys, current) === over.text)
        );
      case 'standing':
        if (over.nonce !== undefined && (companion?.nonce ?? '') !== over.nonce) return false;
        if (current !== undefined) return bare(keys, current) === over.text;
        return over.nonce !== undefined && companion?.end !== undefined && this.#isOver(companion.end.at);
    }
  }

  #isDue({ entry }: KeptKeys, part: number, whole: TimeToLive): boolean {
    const left = this.entries.remaining(entry);
    return typeof left === 'number' && whole !== null && left <= whole * (1 - part);
  }

  #isOver(end: number): boolean {
    return this.clock.now() >= end - EARLY_MS;
  }

  /** Lets the companion be there for at least so long. */
  #last({ grace }: KeptKeys, ms: number): void {
    const left = this.entries.remaining(grace);
    if (typeof left === 'number' && left < ms) this.entries.expire(grace, ms);
  }

  #dropUnless(keys: KeptKeys, text: string): void {
    const kept = this.#companion(keys)?.end?.text ?? text;
    if (kept !== text) this.entries.delete(keys.grace);
  }

  #putTokens({ tokens: key }: KeptKeys, tokens: string, ttl: TimeToLive, grace: Grace): void {
    if (key === undefined) return;
    if (tokens === '') this.entries.delete(key);
    else this.entries.set(key, tokens, ttl === null ? null : ttl + (grace ?? 0) + TOKENS_OUTLIVE_MS);
  }

  #tagged(keys: KeptKeys, text: string): Tagged {
    return isTagged(keys, text) ? { tokens: this.texts.get(keys.tokens ?? '') ?? '' } : {};
  }

  #notAsTagged(keys: KeptKeys, text: string, expected: string): NotAsTagged | undefined {
    const { tokens } = this.#tagged(keys, text);
    if (tokens === undefined || (tokens !== '' && tokens === expected)) return undefined;
    return { outcome: 'tagged', tokens };
  }

  #companion({ grace }: KeptKeys): Companion | undefined {
    const found = this.entries.get(grace);
    return found instanceof Companion ? found : undefined;
  }
}

const isTagged = ({ tokens }: KeptKeys, text: string): boolean => tokens !== undefined && isMarked(text);

const bare = (keys: KeptKeys, text: string): string => (isTagged(keys, text) ? bareText(text) : text);
