import { randomUUID } from 'node:crypto';
import type { TimeToLive } from './time-to-live.js';

/**
 * The keys of a kept entry: one with companions, which lie in its Cluster slot, so that one script reaches all of them.
 *
 * The companion `grace` remembers of the entry what nobody else may see: a nonce that changes with every write, when the
 * entry was due to expire by the clock of the store, and its text for some time longer. The companion `lease` names the
 * one run of all processes that makes the value of the entry; caches that share no flights have none. The companion
 * `tokens` says under which tags the entry was stored; in a cache with tags, the text of an entry that has one is marked
 * (`MARK`).
 */
export interface KeptKeys {
  readonly entry: string;
  readonly grace: string;
  /** Given whenever `tokens` is. */
  readonly lease?: string;
  readonly tokens?: string;
}

/**
 * The time for which the text of an entry is kept beyond its end, in milliseconds. With 0 the companion has no text;
 * `null` is no companion.
 */
export type Grace = number | null;

/** The state that a write expects. It is carried out in that state only, in one step with the look at it. */
export type Over =
  | { readonly kind: 'anything' }
  /** No entry stands. */
  | { readonly kind: 'absent' }
  /** Neither an entry nor a companion is there. */
  | { readonly kind: 'nothing' }
  /** No entry stands, and the companion is the one that was read. */
  | { readonly kind: 'stale'; readonly nonce: string }
  /**
   * The entry has this text, or has had it until it expired. The companion is the one that was read (`''`: there was
   * none); without a nonce it is not compared, and the entry must stand.
   */
  | { readonly kind: 'standing'; readonly text: string; readonly nonce?: string }
  /**
   * The entry is marked, and the text of its companion `tokens` is this one. If there is none (`''`), the text of the entry
   * is compared: another marked entry has none either while it is being deleted.
   */
  | { readonly kind: 'dead'; readonly tokens: string; readonly text: string };

/** The contents and the conditions of a write of a kept entry. */
export interface KeptWrite {
  /** `null` is the text that is there, which is not sent again. */
  readonly value: string | null;
  readonly ttl: TimeToLive;
  readonly grace: Grace;
  readonly over: Over;
  /** The token of the run that stores it, which must hold the lease. Without one no lease is looked at, and any ends. */
  readonly run?: string;
  /** The text of the companion `tokens`. With one, the value is stored with a mark. */
  readonly tokens?: string | undefined;
}

/** The result of a write of a kept entry; only `stored` has changed the entry. */
export type KeptOutcome =
  | { readonly outcome: 'stored' }
  /** Another text stands there. */
  | ({ readonly outcome: 'stands'; readonly current: string } & Tagged)
  /** There is no entry, and somebody has written or deleted it in the meantime. */
  | { readonly outcome: 'changed' };

/** The options of a look at a kept entry. */
export interface LookOptions {
  /** A text is not given that has been kept longer, in milliseconds, or longer than it was to be. */
  readonly grace: number;
  /** If a run is likely to follow, the companion is there for at least this long, in milliseconds. */
  readonly lastsMs: number;
  /** From which part of its timeout on an entry is due. `ttl` is the timeout of an entry without a companion. */
  readonly ahead?: { readonly part: number; readonly ttl: TimeToLive } | undefined;
  /** A caller that finds no entry takes the lease if nobody holds it. An entry is not due while somebody does. */
  readonly claim?: Claim | undefined;
}

/** The request of a run that wants to make the value of an entry, alone in all processes. */
export interface Claim {
  readonly token: string;
  /** The time for which the lease lasts unless it is renewed, in milliseconds. */
  readonly ms: number;
}

/** Of a text that is marked: the text of its companion `tokens`, `''` where that is gone. */
export interface Tagged {
  readonly tokens?: string | undefined;
}

/** The result of a look at a kept entry. A text is without its mark. */
export type Look =
  /** `nonce` is that of the companion, `''` where there is none. */
  | ({
      readonly state: 'stands';
      readonly text: string;
      readonly nonce: string;
      readonly isDue: boolean;
    } & Tagged)
  | NoEntry;

/** If a lease was asked for, the token of the run that holds it. */
export interface Held {
  readonly holder?: string;
}

/** No entry stands. */
export type NoEntry =
  /** The entry has expired. `text` is `null` where there is none to be served any more. */
  | ({ readonly state: 'stale'; readonly text: string | null; readonly nonce: string } & Tagged & Held)
  | ({ readonly state: 'missing' } & Held);

/** The text and the companion `tokens` of an entry. */
export interface TaggedText extends Tagged {
  /** Without its mark. */
  readonly text: string;
}

/** The facts about an entry without its text. */
export interface Standing extends Tagged {
  /** Milliseconds left, `null` when it never expires. */
  readonly remaining: number | null;
}

/** The entry is marked, and the text of its companion `tokens` is not the one that was named. Nothing has changed. */
export interface NotAsTagged {
  readonly outcome: 'tagged';
  readonly tokens: string;
}

/** An entry that is gone so much before its end, in milliseconds, has not expired: somebody deleted or evicted it. */
export const EARLY_MS = 5;

/** Tells one write from every other. */
export const drawNonce = (): string => randomUUID();
