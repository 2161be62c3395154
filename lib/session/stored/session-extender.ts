import { foundOne, observeSession } from '../../telemetry/session-channel.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import type { SessionState } from '../object/session-state.js';
import type { Memberships } from '../users/memberships.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionStore } from './session-store.js';

/** Extends sessions that a request has used and not changed. */
export class SessionExtender {
  constructor(
    private readonly store: SessionStore,
    private readonly codec: SessionCodec,
    private readonly lifetime: SessionLifetime,
    private readonly memberships: Memberships,
  ) {}

  /** Extends an unchanged session; it may be gone by now. */
  async extend(state: SessionState): Promise<void> {
    const { entries, identity } = state;
    // decoded first: it may be found to have ended
    const { data, json, savedAt } = entries;
    const { text } = entries;
    const { stored } = identity;
    if (stored === null || text === null) return;
    const isStamped = this.lifetime.stamp(data, savedAt);
    const ttl = this.lifetime.timeToLive(data);
    const membership = this.memberships.of(data, stored, ttl);
    const isRewritten = isStamped || membership?.isDue === true;
    const next = isRewritten ? this.codec.toJson(membership?.data ?? data) : json;
    const extending = (): Promise<boolean> =>
      isRewritten || this.lifetime.isUseSigned
        ? this.store.extendAs(stored, text, this.codec.seal(next, stored), ttl)
        : this.store.extend(stored, text, ttl);
    const isExtended = await observeSession(
      'touch',
      () => (membership === undefined ? extending() : membership.during(extending)),
      foundOne,
    );
    if (isExtended) state.use.record('touched');
  }
}
