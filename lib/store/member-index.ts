/*
 * An index: what belongs together (the sessions of a user), each member by its handle, under one key. The members
 * themselves are entries under other keys, in other Cluster slots, so that no step reaches both. Hence the states: a
 * member is announced before its entry is stored, and forgotten after its entry is gone.
 */

/** `pending` until its entry is known to stand, `ended` until its entry is known to be gone. */
export type MemberState = 'pending' | 'live' | 'ended';

/** The id of a member. */
export interface MemberName {
  readonly handle: string;
  /** The key of the member's entry. */
  readonly key: string;
}

/** A member as an index has it. Points in time are milliseconds since the Unix epoch, by the clock of the store. */
export interface Member extends MemberName {
  readonly state: MemberState;
  readonly createdAt: number;
  readonly device?: string;
}

/** A member whose entry stands. */
export interface KnownMember extends MemberName {
  /** Now unless given. */
  readonly createdAt?: number | undefined;
  readonly device?: string | undefined;
}

/** The most members of an index, and the rule for one more. */
export interface MemberLimit {
  readonly limit: number;
  readonly whenFull: 'end-oldest' | 'refuse';
}

/** A member that is to be, until it is confirmed. Times in milliseconds. */
export interface Enrolment extends MemberName {
  /** The handle of the member whose place it takes: it counts for no limit, and hands on its start and its device. */
  readonly from?: string | undefined;
  readonly device?: string | undefined;
  /** The time for which the index has to know it, once it is confirmed. */
  readonly ttl: number;
  /** The time that it may wait to be confirmed. */
  readonly pendingMs: number;
  readonly limit?: MemberLimit | undefined;
  /** Once the members of a full index have been looked for: the handles of those whose entries are gone. */
  readonly gone?: readonly string[] | undefined;
}

/**
 * The result of an enrolment; only `enrolled` has added the member.
 *
 * `interrupted`: it was ended before, or the one whose place it takes. `full`: the members are to be looked for. `refused`: they were,
 * and there are too many.
 */
export interface EnrolOutcome {
  readonly outcome: 'enrolled' | 'interrupted' | 'full' | 'refused';
  /** The members of a full index; else those that were ended, whose entries the caller has to end. */
  readonly members: readonly MemberName[];
}

/** The members to be ended: these and those that took their places, or all but them. */
export type Selection = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** The results for the members. */
export interface EndedMembers {
  /** The members whose entries the caller has to end. */
  readonly ended: readonly MemberName[];
  readonly spared: readonly MemberName[];
}

/** The time for which an index knows, at least, whose place a member took, in milliseconds. */
export const ORIGIN_MS = 60_000;
