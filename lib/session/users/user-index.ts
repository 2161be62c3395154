import { createHash } from 'node:crypto';
import { plainNames, type SessionNaming } from '../wire/session-name.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { EndedMembers, Enrolment, EnrolOutcome, KnownMember, Member } from '../../store/member-index.js';

/** The number of characters of the hash in a handle: 132 bits. */
const HANDLE_LENGTH = 22;

const handleOf = (key: string): string =>
  createHash('sha256').update(`handle\n${key}`).digest('base64url').slice(0, HANDLE_LENGTH);

/** The sessions of each user, by their keys in Redis. Nothing but the index' values holds these. Times in milliseconds. */
export class UserIndex {
  constructor(
    private readonly store: KeyValueStore,
    /** The start of every index's key. */
    private readonly namespace: string,
    private readonly naming: SessionNaming = plainNames,
  ) {}

  /** The name of a session for others than its owner: from the handle nobody gets to the key. */
  readonly handleOf = (key: string): string => handleOf(this.naming(key));

  /** The handles that a session may have: also the one of its key, which it had before keys were hashed. */
  readonly handlesOf = (key: string): string[] => [...new Set([this.handleOf(key), handleOf(key)])];

  /** @param from the key of the session whose place it takes */
  enrol(
    userId: string,
    key: string,
    { from, ...enrolment }: Omit<Enrolment, 'handle' | 'key'>,
  ): Promise<EnrolOutcome> {
    const place = from === undefined ? {} : { from: this.handleOf(from) };
    return this.store.enrol(this.#keyOf(userId), {
      ...enrolment,
      ...place,
      handle: this.handleOf(key),
      key: this.naming(key),
    });
  }

  /** @param gone the handles of those ended that are gone */
  confirm(userId: string, key: string, ttl: number, gone: readonly string[]): Promise<boolean> {
    return this.store.confirm(this.#keyOf(userId), this.handleOf(key), ttl, gone);
  }

  keep(
    userId: string,
    key: string,
    more: Omit<KnownMember, 'handle' | 'key'>,
    ttl: number,
  ): Promise<boolean> {
    return this.store.keepMember(
      this.#keyOf(userId),
      { ...more, handle: this.handleOf(key), key: this.naming(key) },
      ttl,
    );
  }

  /**
   * A session that was stored under its key has moved to the name of it, and keeps its start, its device and its place among
   * those that are counted.
   *
   * @param pendingMs the time that its confirmation may take
   */
  async rename(userId: string, key: string, ttl: number, pendingMs: number): Promise<void> {
    const [index, handle] = [this.#keyOf(userId), this.handleOf(key)];
    const enrolment = { from: handleOf(key), handle, key: this.naming(key), ttl, pendingMs };
    const { outcome } = await this.store.enrol(index, enrolment);
    if (outcome === 'enrolled') await this.store.confirm(index, handle, ttl, []);
  }

  /** Takes all for ended but the sessions with these keys, and those that took their places. */
  endOthers(userId: string, keys: readonly string[]): Promise<EndedMembers> {
    return this.store.endMembers(this.#keyOf(userId), { except: keys.flatMap(this.handlesOf) });
  }

  /** Takes a session for ended, and those that took its place. */
  endOne(userId: string, handle: string): Promise<EndedMembers> {
    return this.store.endMembers(this.#keyOf(userId), { only: [handle] });
  }

  /** Forgets sessions that are gone; with a state, only those that are in it. */
  forget(userId: string, keys: readonly string[], state?: Member['state']): Promise<void> {
    return this.store.forgetMembers(this.#keyOf(userId), keys.map(this.handleOf), state);
  }

  /** Forgets, by their handles, sessions that are in a state. */
  async forgetAll(userId: string, handles: readonly string[], state: Member['state']): Promise<void> {
    if (handles.length > 0) await this.store.forgetMembers(this.#keyOf(userId), handles, state);
  }

  members(userId: string): Promise<readonly Member[]> {
    return this.store.members(this.#keyOf(userId));
  }

  #keyOf(userId: string): string {
    return this.namespace + userId;
  }
}
