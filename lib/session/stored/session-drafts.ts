import { SessionTooLargeError } from '../../errors/session.errors.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import type { SaveInProgress } from '../object/session-save.js';
import type { SessionState } from '../object/session-state.js';
import { areOfDifferentUsers } from '../object/session-user.js';
import type { Membership } from '../users/membership.js';
import { unstamp } from '../users/index-stamp.js';
import type { Memberships } from '../users/memberships.js';
import type { SessionCodec } from '../wire/session-codec.js';
import { changedNames, type SessionData } from '../wire/session-data.js';
import type { SessionReader } from './session-reader.js';

/** The data that a save writes: its own changes applied on top of the newest entries, and the JSON of the result. */
export interface Draft {
  readonly data: SessionData;
  readonly json: string;
}

/** The draft of a session itself, and its place in the index of its user. */
export interface PreparedDraft {
  readonly first: Draft;
  readonly membership: Membership | undefined;
}

/** Decides what a save writes, also if others wrote in the meantime. */
export class SessionDrafts {
  constructor(
    private readonly codec: SessionCodec,
    private readonly reader: SessionReader,
    private readonly lifetime: SessionLifetime,
    private readonly memberships: Memberships,
    private readonly maxBytes: number,
  ) {}

  /** @throws TypeError if an entry is not JSON */
  prepare({ entries: { data, savedAt } }: SessionState, key: string | null): PreparedDraft {
    this.lifetime.stamp(data, savedAt);
    const membership = this.memberships.of(data, key, this.lifetime.timeToLive(data));
    return { first: this.#draft(membership?.data ?? data), membership };
  }

  /**
   * Lays the save's own top-level changes over a newer text. Entries that nobody changed stay the objects they are:
   * a handler may hold one, and change it inside after the save.
   */
  merge(save: SaveInProgress, first: Draft, newer: string, key: string): Draft {
    if (save.isReplacing) return first;
    const before = this.codec.fromJson(save.json) as SessionData;
    const { data } = this.reader.read(newer, key);
    // a sign-in takes over nothing of another user, even if that one was faster
    if (save.moving === 'signIn' && areOfDifferentUsers(data, first.data)) return first;
    const theirs = new Set(this.#changedNames(before, data));
    const kept = Object.keys(before).filter((name) => !theirs.has(name));
    save.changes.layOver(data, first.data, [...kept, ...this.#changedNames(before, first.data)]);
    return this.#draft(data);
  }

  /**
   * The text that is stored of a draft.
   *
   * @throws SessionTooLargeError before anything is written
   */
  seal({ json }: Draft, key: string): string {
    const text = this.codec.seal(json, key);
    // it is ASCII, a byte a character
    if (text.length > this.maxBytes) throw new SessionTooLargeError(text.length, this.maxBytes);
    return text;
  }

  /** The time for which a draft is stored, in milliseconds. */
  timeToLive({ data }: Draft): number {
    return this.lifetime.timeToLive(data);
  }

  #changedNames(before: SessionData, after: SessionData): string[] {
    return changedNames(before, after, (value) => this.codec.toJson(value));
  }

  #draft(data: SessionData): Draft {
    unstamp(data);
    return { data, json: this.codec.toJson(data) };
  }
}
