import type { EnrolOutcome, MemberLimit, MemberName, MemberState } from '../../store/member-index.js';
import type { SessionEnder } from '../stored/session-ender.js';
import type { SessionStore } from '../stored/session-store.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionData } from '../wire/session-data.js';
import { indexedMs } from './index-stamp.js';
import { isNoLongerOf } from './no-longer-of.js';
import type { UserIndex } from './user-index.js';

/** The origin of a session that is about to be stored under a new key. */
export interface Origin {
  /** The key that it leaves. */
  readonly from?: string | undefined;
  /** The user who had it until now. */
  readonly formerUser?: string | undefined;
  /** True for a sign-in, to which the limit of sessions for each user applies. */
  readonly isSignIn?: boolean;
}

/** Of a session that is being saved: the user it is bound to. */
export interface Bound {
  readonly userId: string;
  readonly key: string;
  readonly ttl: number;
  readonly device: string | undefined;
  /** The entries to be stored, which say how long the index will know the session. */
  readonly data: SessionData;
  /**
   * `valid` if the index knows the session for long enough, `due` if not for long enough, `missing` if not at all as
   * far as is known.
   */
  readonly state: 'valid' | 'due' | 'missing';
}

/** The collaborators of memberships. */
export interface MembershipTools {
  readonly index: UserIndex;
  readonly sessions: SessionStore;
  readonly ender: SessionEnder;
  readonly codec: SessionCodec;
  /** The time that a session may take from its announcement to its confirmation, in milliseconds. */
  readonly pendingMs: number;
  /** The limit of sessions for each user. */
  readonly perUser: MemberLimit | undefined;
}

/**
 * The place of a session in the index of its user, during a save.
 *
 * The index and the session lie in different Cluster slots. So one that gets a new key is announced, stored and
 * confirmed, in this order: if all sessions of the user are ended in between, the confirmation fails.
 */
export class Membership {
  readonly data: SessionData;
  #origin: Origin = {};
  #endedBefore: Promise<readonly string[]> = Promise.resolve([]);

  constructor(
    private readonly bound: Bound,
    private readonly tools: MembershipTools,
  ) {
    this.data = bound.data;
  }

  /**
   * Announces the session before anything is stored under its key. It is `interrupted` when the one whose place it takes
   * was ended, and `refused` when the user has as many sessions as are allowed.
   */
  async announce(origin: Origin): Promise<'enrolled' | 'interrupted' | 'refused'> {
    this.#origin = origin;
    const { outcome, members } = await this.#enrol(origin);
    this.#endedBefore = this.#finish(members);
    if (outcome === 'enrolled') return outcome;
    await this.tools.index.forgetAll(this.bound.userId, await this.#endedBefore, 'ended');
    return outcome === 'interrupted' ? outcome : 'refused';
  }

  /** Says that the session stands, and the one before is gone. If it was ended meanwhile, it is gone afterwards. */
  async confirm(ttl: number): Promise<boolean> {
    const { index, ender } = this.tools;
    const { userId, key } = this.bound;
    const { formerUser, from } = this.#origin;
    const isOfAnother = formerUser !== undefined && formerUser !== userId;
    const gone = await this.#endedBefore;
    const [stands] = await Promise.all([
      index.confirm(userId, key, indexedMs(ttl), gone),
      isOfAnother && from !== undefined && index.forget(formerUser, [from]),
    ]);
    if (stands) return true;
    await ender.end(key, { always: true });
    await index.forget(userId, [key], 'ended');
    return false;
  }

  /** Says that nothing is stored under the key; with a state, only while the index has it in that. */
  withdraw(state?: MemberState): Promise<void> {
    return this.tools.index.forget(this.bound.userId, [this.bound.key], state);
  }

  /** True if the index is to be told. */
  get isDue(): boolean {
    return this.bound.state !== 'valid';
  }

  /** Does a save beside which the index is told of the session where it is time. */
  async during<T>(save: () => Promise<T>): Promise<T> {
    if (!this.isDue) return save();
    const { userId, key, ttl, device } = this.bound;
    const keeping = this.tools.index.keep(userId, key, { device }, indexedMs(ttl));
    // the stamp of a session that the index does not know yet must not say that it does
    if (this.bound.state === 'missing') await keeping;
    const [saved] = await Promise.all([save(), keeping]);
    return saved;
  }

  async #enrol({ from, formerUser, isSignIn }: Origin): Promise<EnrolOutcome> {
    const { index, sessions, codec, pendingMs, perUser } = this.tools;
    const { userId, key, ttl, device } = this.bound;
    const enrolment = {
      from: formerUser === undefined || formerUser === userId ? from : undefined,
      device,
      ttl: indexedMs(ttl),
      pendingMs,
      limit: isSignIn === true ? perUser : undefined,
    };
    const outcome = await index.enrol(userId, key, enrolment);
    if (outcome.outcome !== 'full') return outcome;
    const looks = await sessions.look(outcome.members.map((member) => member.key));
    const gone = outcome.members
      .filter((member, i) => isNoLongerOf(userId, codec, looks[i]?.text, member.key))
      .map(({ handle }) => handle);
    return index.enrol(userId, key, { ...enrolment, gone });
  }

  /** Ends what is to be ended; the handles of what is gone. A failure here is left to the next who looks. */
  async #finish(members: readonly MemberName[]): Promise<readonly string[]> {
    const endings = await Promise.allSettled(
      members.map((member) => this.tools.ender.end(member.key, { always: true })),
    );
    return members
      .filter((_, i) => endings[i]?.status === 'fulfilled')
      .map(({ handle }) => handle)
      .filter((handle) => handle !== this.tools.index.handleOf(this.bound.key));
  }
}
