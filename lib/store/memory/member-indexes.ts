import type { Clock } from '../../common/clock.js';
import {
  type EndedMembers,
  type Enrolment,
  type EnrolOutcome,
  type KnownMember,
  type Member,
  type MemberName,
  type MemberState,
  ORIGIN_MS,
  type Selection,
} from '../member-index.js';
import { RedisServiceError } from '../../errors/redis.errors.js';
import type { TimeToLive } from '../time-to-live.js';

/** A member as an index knows it. Points in time are milliseconds since the Unix epoch. */
interface Known {
  readonly key: string;
  state: MemberState;
  readonly createdAt: number;
  /** Its place among those of one moment: a test's clock may stand still. */
  readonly place: number;
  device: string | undefined;
  /** The handle whose place it takes. */
  readonly from: string | undefined;
  /** The handles of those whose places were taken one after the other, each until it ends. */
  readonly origins: readonly { readonly handle: string; readonly ends: number }[];
  /** While it is pending. */
  readonly deadline: number;
  /** The time at which it has expired at the latest. */
  ends: number;
}

/** The members of an index by their handles. */
export class MemberIndex extends Map<string, Known> {}

/** The part of a MemoryStore's entries that indexes need. */
interface Entries {
  get(key: string): unknown;
  set(key: string, index: MemberIndex, ttl: TimeToLive): void;
  remaining(key: string): TimeToLive | undefined;
  delete(key: string): boolean;
}

/** The verbs for indexes of members. */
export class MemberIndexes {
  #places = 0;

  constructor(
    private readonly entries: Entries,
    private readonly clock: Clock,
  ) {}

  enrol(key: string, enrolment: Enrolment): EnrolOutcome {
    const index = this.#open(key);
    const { handle, from, limit, gone, ttl } = enrolment;
    const now = this.clock.now();
    for (const dead of gone ?? []) if (index.get(dead)?.state === 'live') index.delete(dead);
    const ended = this.#sweep(index);
    const finish = (
      outcome: EnrolOutcome['outcome'],
      members: readonly MemberName[] = ended,
    ): EnrolOutcome => {
      this.#close(key, index, outcome === 'enrolled' ? ttl : undefined);
      return { outcome, members };
    };
    const old = from === undefined ? undefined : index.get(from);
    const known = index.get(handle);
    if (old?.state === 'ended' || known?.state === 'ended') return finish('interrupted');
    if (known?.state === 'live') return finish('enrolled');
    const others = [...index].filter(
      ([name, { state }]) => state !== 'ended' && name !== from && name !== handle,
    );
    if (limit !== undefined && others.length >= limit.limit) {
      if (limit.whenFull === 'refuse') {
        if (gone !== undefined) return finish('refused');
        return finish('full', namesOf(others.filter(([, { state }]) => state === 'live')));
      }
      others.sort(([, a], [, b]) => a.createdAt - b.createdAt || a.place - b.place);
      const tooMany = others.slice(0, others.length - limit.limit + 1);
      for (const [, member] of tooMany) member.state = 'ended';
      ended.push(...namesOf(tooMany));
    }
    index.set(handle, {
      key: enrolment.key,
      state: 'pending',
      createdAt: old?.createdAt ?? now,
      place: old?.place ?? this.#places++,
      device: enrolment.device ?? old?.device,
      from,
      origins: [
        ...(old?.origins ?? []).filter(({ ends }) => ends > now),
        ...(from === undefined ? [] : [{ handle: from, ends: now + enrolment.pendingMs + ORIGIN_MS }]),
      ],
      deadline: now + enrolment.pendingMs,
      ends: now + ttl,
    });
    return finish('enrolled');
  }

  confirm(key: string, handle: string, ttl: number, gone: readonly string[]): boolean {
    const index = this.#open(key);
    for (const dead of gone) if (index.get(dead)?.state === 'ended') index.delete(dead);
    const member = index.get(handle);
    const isLeft = member !== undefined && member.state !== 'ended';
    if (isLeft) {
      member.state = 'live';
      member.ends = this.clock.now() + ttl;
      if (member.from !== undefined) index.delete(member.from);
    }
    this.#close(key, index, isLeft ? ttl : undefined);
    return isLeft;
  }

  keep(key: string, { handle, key: entry, createdAt, device }: KnownMember, ttl: number): boolean {
    const index = this.#open(key);
    const now = this.clock.now();
    const known = index.get(handle);
    if (known?.state === 'ended') return false;
    const member: Known = known ?? {
      key: entry,
      state: 'live',
      createdAt: createdAt ?? now,
      place: this.#places++,
      device: undefined,
      from: undefined,
      origins: [],
      deadline: 0,
      ends: 0,
    };
    member.device = device ?? member.device;
    member.ends = Math.max(member.ends, now + ttl);
    index.set(handle, member);
    this.#close(key, index, ttl);
    return true;
  }

  end(key: string, selection: Selection): EndedMembers {
    const index = this.#open(key);
    const isOnly = 'only' in selection;
    const named = this.#withFollowers(index, isOnly ? selection.only : selection.except);
    const [ended, spared] = [true, false].map((isChosen) =>
      [...index].filter(([handle]) => (named.has(handle) === isOnly) === isChosen),
    ) as [[string, Known][], [string, Known][]];
    for (const [, member] of ended) member.state = 'ended';
    return { ended: namesOf(ended), spared: namesOf(spared) };
  }

  forget(key: string, handles: readonly string[], state: MemberState | undefined): void {
    const index = this.#open(key);
    for (const handle of handles)
      if (state === undefined || index.get(handle)?.state === state) index.delete(handle);
    this.#close(key, index);
  }

  list(key: string): readonly Member[] {
    return [...this.#open(key)].map(([handle, member]) => {
      if (this.#isLate(member)) member.state = 'ended';
      const { key: entry, state, createdAt, device } = member;
      return { handle, key: entry, state, createdAt, ...(device !== undefined && { device }) };
    });
  }

  /** Forgets what has expired; what is to be ended. */
  #sweep(index: MemberIndex): MemberName[] {
    const now = this.clock.now();
    for (const [handle, member] of index) {
      if (this.#isLate(member)) member.state = 'ended';
      if (member.state === 'live' && member.ends <= now) index.delete(handle);
    }
    return [...namesOf([...index].filter(([, { state }]) => state === 'ended'))];
  }

  #withFollowers(index: MemberIndex, handles: readonly string[]): ReadonlySet<string> {
    const named = new Set(handles);
    const now = this.clock.now();
    const follower = (): string | undefined =>
      [...index].find(
        ([handle, { origins }]) =>
          !named.has(handle) && origins.some((origin) => named.has(origin.handle) && origin.ends > now),
      )?.[0];
    for (let next = follower(); next !== undefined; next = follower()) named.add(next);
    return named;
  }

  #isLate({ state, deadline }: Known): boolean {
    return state === 'pending' && deadline <= this.clock.now();
  }

  #open(key: string): MemberIndex {
    const index = this.entries.get(key) ?? new MemberIndex();
    if (index instanceof MemberIndex) return index;
    throw new RedisServiceError('WRONGTYPE');
  }

  /** The index lives at least that long. */
  #close(key: string, index: MemberIndex, ttl = 0): void {
    if (index.size === 0) return void this.entries.delete(key);
    const left = this.entries.remaining(key);
    this.entries.set(key, index, left === null ? null : Math.max(left ?? 0, ttl));
  }
}

const namesOf = (members: readonly (readonly [string, Known])[]): readonly MemberName[] =>
  members.map(([handle, { key }]) => ({ handle, key }));
