import { checkOptions } from '../../common/checked-options.js';
import type { Clock } from '../../common/clock.js';
import type { MemberName } from '../../store/member-index.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import { ignore } from '../../common/ignore.js';
import type { SessionStatus } from '../object/session.js';
import { userIdOf, userOf } from '../object/session-user.js';
import { sessionStateOf } from '../object/state-of.js';
import { foundOne, observeSession } from '../../telemetry/session-channel.js';
import { observeEnd, type SessionEnder, type SessionsEnded } from '../stored/session-ender.js';
import type { SessionStore } from '../stored/session-store.js';
import type { DecodedSession, SessionCodec } from '../wire/session-codec.js';
import { reindex, type ReindexOptions, type ReindexProgress } from './reindex.js';
import type { UserIndex } from './user-index.js';

/** A session of a user, as a page of their devices shows it. */
export interface UserSession {
  /** Names the session, for `endOne()`. It is a hash of the key, which nobody gets to from it. */
  readonly handle: string;
  /** True if it is the one that `current` named. */
  readonly current: boolean;
  /** The time at which the user signed in; a new key does not change it. */
  readonly createdAt: Date;
  /** The time of the last save, in whole seconds; with an idle timeout, of the last extension. */
  readonly lastSeenAt: Date;
  /** The time at which it ends unless it is saved or extended. */
  readonly expiresAt: Date;
  /** The options of `signIn()`. */
  readonly device: string | null;
}

/** The options of listing the sessions of a user. */
export interface OfUserOptions {
  /** The session of the request, which `current` marks in the list. */
  readonly current?: SessionStatus | undefined;
}

/** The options of ending the sessions of a user. */
export interface EndOfUserOptions {
  /** The session of the request, under the key that it was loaded with and the one that it will have. */
  readonly except?: SessionStatus | undefined;
}

/** The id of a user. The index stores it as a string. */
type UserId = string | number | bigint;

/** Lists and ends the sessions of a user. `owner` is the service that was called. */
export class UserSessions {
  constructor(
    private readonly index: UserIndex,
    private readonly sessions: SessionStore,
    private readonly ender: SessionEnder,
    private readonly codec: SessionCodec,
    private readonly lifetime: SessionLifetime,
    private readonly clock: Clock,
  ) {}

  /** @throws TypeError for anything but a user id */
  list(user: UserId, options: OfUserOptions, owner: object): Promise<UserSession[]> {
    const list = (): Promise<UserSession[]> => this.#list(user, options, owner);
    return observeSession('ofUser', list, ({ length }) => foundOne(length > 0));
  }

  async #list(user: UserId, options: OfUserOptions, owner: object): Promise<UserSession[]> {
    checkOptions(options, { names: ['current'] }, owner, 'ofUser');
    const userId = userIdOf(user, 'ofUser()');
    const members = await this.index.members(userId);
    const ended = members.filter(({ state }) => state === 'ended');
    const live = members.filter(({ state }) => state === 'live');
    const [looks, gone] = await Promise.all([
      this.sessions.look(live.map(({ key }) => key)),
      this.#end(ended, new Set()),
    ]);
    const mine = new Set(keysOf(options.current).flatMap(this.index.handlesOf));
    const dead: string[] = [];
    const listed = live.flatMap(({ handle, key, createdAt, device = null }, i): UserSession[] => {
      const look = looks[i];
      const { data, savedAt, problem } = look === undefined ? NOTHING : this.codec.decode(look.text, key);
      const isMine = userOf(data) === userId;
      // it may have become another user's; of one that cannot be read nothing is known
      if (!isMine && problem === undefined) dead.push(handle);
      if (look === undefined || !isMine || this.lifetime.isOver(data, savedAt)) return [];
      const lastSeenAt = new Date(savedAt ?? createdAt);
      const expiresAt = new Date(this.clock.now() + look.ttl);
      return [
        { handle, current: mine.has(handle), createdAt: new Date(createdAt), lastSeenAt, expiresAt, device },
      ];
    });
    await Promise.all([
      this.index.forgetAll(userId, dead, 'live'),
      this.index.forgetAll(userId, gone.handles, 'ended'),
    ]);
    return listed.sort(byLastUse);
  }

  /** Adds every session that is bound to a user to the index. */
  reindex(options: ReindexOptions, owner: object): Promise<ReindexProgress> {
    return observeSession('reindex', async () => {
      checkOptions(options, { names: ['onProgress'] }, owner, 'reindex');
      return await reindex(this.sessions, this.index, this.codec, options);
    });
  }

  /**
   * Ends all sessions of a user but the one of the request, and those that took its place; how many there were.
   *
   * Each is marked in the index before it is ended, and forgotten after: what a crash leaves, the next call ends.
   *
   * @throws TypeError for anything but a user id
   */
  endOthers(user: UserId, options: EndOfUserOptions, owner: object): Promise<number> {
    const end = (): Promise<number> => this.#endOthers(user, options, owner);
    return observeSession('endOfUser', end, (count) => foundOne(count > 0));
  }

  async #endOthers(user: UserId, options: EndOfUserOptions, owner: object): Promise<number> {
    checkOptions(options, { names: ['except'] }, owner, 'endOfUser');
    const userId = userIdOf(user, 'endOfUser()');
    const keys = keysOf(options.except);
    const { ended, spared } = await this.index.endOthers(userId, keys);
    return this.#endAndForget(
      userId,
      ended,
      new Set([...keys.map(this.sessions.naming), ...spared.map(({ key }) => key)]),
    );
  }

  /**
   * Ends a session of a user; whether there was one of that handle.
   *
   * @throws TypeError for anything but a user id
   */
  endOne(user: UserId, handle: string): Promise<boolean> {
    return observeSession('endOne', () => this.#endOne(user, handle), foundOne);
  }

  async #endOne(user: UserId, handle: string): Promise<boolean> {
    const userId = userIdOf(user, 'endOne()');
    const { ended } = await this.index.endOne(userId, handle);
    return (await this.#endAndForget(userId, ended, new Set())) > 0;
  }

  /**
   * Ends a session that may be a user's, and has the index forget it in the same round trip.
   *
   * @param first what is to be ended before it
   * @throws SessionConflictError when it was moved so often that some of its successors are left
   */
  end(key: string, userId: string | undefined, first?: () => Promise<void>): Promise<SessionsEnded> {
    return observeEnd(async () => {
      if (first !== undefined) await first();
      return this.#endKnown(key, userId);
    });
  }

  async #endKnown(key: string, userId: string | undefined): Promise<SessionsEnded> {
    const [ending, forgetting] = await Promise.allSettled([
      this.ender.endWithin(key, { givesText: userId === undefined }),
      userId !== undefined && this.index.forget(userId, [key]),
    ]);
    if (ending.status === 'rejected') {
      // in a Cluster one may fail without the other, and a session that is left is to be known
      if (userId !== undefined)
        await this.index.keep(userId, key, {}, this.lifetime.timeToLive({})).catch(ignore);
      throw ending.reason;
    }
    if (forgetting.status === 'rejected') throw forgetting.reason;
    await this.#forgetTexts(ending.value);
    return ending.value;
  }

  /** Removes sessions whose users are known only now from the indexes. */
  async #forgetTexts({ texts }: SessionsEnded): Promise<void> {
    await Promise.all(
      texts.map(async ({ key, text }) => {
        const userId = userOf(this.codec.decode(text, key).data);
        if (userId !== undefined) await this.index.forget(userId, [key]);
      }),
    );
  }

  async #endAndForget(
    userId: string,
    members: readonly MemberName[],
    spared: ReadonlySet<string>,
  ): Promise<number> {
    const { handles, count, failure } = await this.#end(members, spared);
    await this.index.forgetAll(userId, handles, 'ended');
    if (failure !== undefined) throw failure;
    return count;
  }

  /** In one round trip, whatever their number. One that fails keeps none of the others from being ended. */
  async #end(
    members: readonly MemberName[],
    spared: ReadonlySet<string>,
  ): Promise<{ handles: string[]; count: number; failure: Error | undefined }> {
    const handles: string[] = [];
    let count = 0;
    let failure: Error | undefined;
    await Promise.all(
      members.map(({ handle, key }) =>
        this.ender.end(key, { always: true, spared }).then(
          (outcome) => {
            handles.push(handle);
            if (outcome.hasEnded) count++;
            return this.#forgetTexts(outcome);
          },
          (error: unknown) => {
            failure ??= error as Error;
          },
        ),
      ),
    );
    return { handles, count, failure };
  }
}

/** The keys that a session was loaded with and will have. */
const keysOf = (session: SessionStatus | undefined): readonly string[] =>
  session === undefined ? [] : sessionStateOf(session).identity.names;

/** The last used first; of those last used in one second, the one that signed in last; else in an order that stays the same. */
const byLastUse = (one: UserSession, other: UserSession): number =>
  other.lastSeenAt.getTime() - one.lastSeenAt.getTime() ||
  other.createdAt.getTime() - one.createdAt.getTime() ||
  (one.handle < other.handle ? -1 : 1);

const NOTHING: DecodedSession = { data: {}, json: '{}' };
