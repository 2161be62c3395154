import { SessionInterruptedError } from '../../errors/session.errors.js';
import { observeSession } from '../../telemetry/session-channel.js';
import type { FoundSession } from '../object/session-identity.js';
import type { SessionState } from '../object/session-state.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionRollout } from './session-rollout.js';
import type { SessionStore } from './session-store.js';
import type { SessionTakeover } from './session-takeover.js';

/** Finds what is stored of a session, also where it has not moved to this application or to its hashed key yet. */
export class SessionLoader {
  constructor(
    private readonly store: SessionStore,
    private readonly rollout: SessionRollout | undefined,
    private readonly takeover: SessionTakeover | undefined,
    private readonly events: SessionEventEmitter,
  ) {}

  /** Loads a session. Concurrent callers share it. */
  load(state: SessionState): Promise<void> {
    return state.isLoaded ? Promise.resolve() : state.loadOnce(() => this.#findPresented(state));
  }

  /** Forgets the changes and takes what is stored now. When the store cannot be read the session stays what it was. */
  async reload(state: SessionState): Promise<void> {
    const { presented: key } = state.identity;
    const found = await this.#find('reload', state);
    // flushed in the meantime: the stored text belongs to a session that no longer exists
    if (state.identity.presented !== key) return;
    state.renew(found);
    if (key !== null && found.state !== 'stored') throw new SessionInterruptedError();
  }

  async #findPresented(state: SessionState): Promise<FoundSession> {
    const found = await this.#find('load', state);
    if (found.state === 'unknown' && found.key !== null) this.events.emit('rejected', found.key);
    return found;
  }

  #find(operation: 'load' | 'reload', state: SessionState): Promise<FoundSession> {
    const find = (): Promise<FoundSession> => this.#findAny(state);
    // without a key nothing is looked for
    if (state.identity.candidates.length === 0) return find();
    return observeSession(operation, find, (found) => (found.state === 'stored' ? 'hit' : 'miss'));
  }

  #findAny(state: SessionState): Promise<FoundSession> {
    return this.rollout === undefined && this.takeover === undefined
      ? this.store.find(state.identity.candidates)
      : this.#findInTransition(state);
  }

  async #findInTransition({ identity, use }: SessionState): Promise<FoundSession> {
    const { candidates, earlier } = identity;
    const presented = await this.store.find(candidates);
    const found = this.rollout === undefined ? presented : await this.rollout.proceed(candidates, presented);
    if (earlier === undefined || this.takeover === undefined) return found;
    const reached = await this.takeover.proceed(earlier, found);
    // the client has not been given this key, whichever of its requests has stored it
    if (reached.state === 'stored' && reached.key === earlier.key) use.record('created');
    return reached;
  }
}
