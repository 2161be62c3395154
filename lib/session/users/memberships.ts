import type { Clock } from '../../common/clock.js';
import { deviceOf, userOf } from '../object/session-user.js';
import type { SessionData } from '../wire/session-data.js';
import type { SessionSettings } from '../../config/settings.js';
import type { MemberLimit } from '../../store/member-index.js';
import type { SessionEnder } from '../stored/session-ender.js';
import type { SessionStore } from '../stored/session-store.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionNaming } from '../wire/session-name.js';
import type { UserIndex } from './user-index.js';
import { stamped, stampState } from './index-stamp.js';
import { Membership, type MembershipTools } from './membership.js';

/** A save may take as many operation timeouts: its tries, and a command before and after them. */
const PENDING_TIMEOUTS = 10;

/** Finds out what a save has to tell the index of a user. */
export class Memberships {
  readonly #tools: MembershipTools;
  readonly #naming: SessionNaming;

  constructor(
    index: UserIndex,
    sessions: SessionStore,
    ender: SessionEnder,
    codec: SessionCodec,
    { perUser, operationTimeoutMs }: Pick<SessionSettings, 'perUser' | 'operationTimeoutMs'>,
    private readonly clock: Clock,
  ) {
    this.#naming = sessions.naming;
    const pendingMs = operationTimeoutMs * PENDING_TIMEOUTS;
    this.#tools = { index, sessions, ender, codec, pendingMs, perUser: limitOf(perUser) };
  }

  /**
   * @param ttl how long the session will live, in milliseconds
   * @returns `undefined` for a session that no user is bound to
   */
  of(data: SessionData, key: string | null, ttl: number): Membership | undefined {
    const userId = userOf(data);
    if (userId === undefined || key === null || ttl < 1) return undefined;
    const now = this.clock.now();
    const name = this.#naming(key);
    const state = stampState(data, userId, name, now + ttl);
    return new Membership(
      {
        userId,
        key,
        ttl,
        device: deviceOf(data),
        data: state === 'valid' ? data : stamped(data, { userId, key: name, now, ttl }),
        state,
      },
      this.#tools,
    );
  }
}

const limitOf = (perUser: SessionSettings['perUser']): MemberLimit | undefined =>
  perUser?.limit === undefined ? undefined : { limit: perUser.limit, whenFull: perUser.whenFull };
