import { SessionConflictError } from '../../errors/session.errors.js';
import { isSessionKey } from '../wire/session-key.js';
import { foundOne, observeSession } from '../../telemetry/session-channel.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/** How many successors of a session are ended with it. */
const MOST_SUCCESSORS = 64;

/** What an ending found. */
export interface SessionsEnded {
  /** Whether a stored session was ended, under whatever key. */
  readonly hasEnded: boolean;
  /** Whether the key itself had been moved or ended before. */
  readonly hasMetTrace: boolean;
}

/** Ends sessions, also those that another request has moved to a new key in the last minute. */
export class SessionEnder {
  constructor(
    private readonly store: SessionStore,
    private readonly events: SessionEventEmitter,
  ) {}

  /** @throws SessionConflictError when it was moved so often that some of its successors are left */
  end(key: string): Promise<SessionsEnded> {
    return observeSession(
      'end',
      () => this.#end(key),
      ({ hasEnded }) => foundOne(hasEnded),
    );
  }

  async #end(key: string): Promise<SessionsEnded> {
    const { existed, wasTraced, successors } = await this.#endOne(key);
    const visited = new Set([key]);
    let hasEnded = existed;
    let next = successors;
    while (next.length > 0) {
      const keys = [...new Set(next)].filter((successor) => !visited.has(successor));
      if (visited.size + keys.length > MOST_SUCCESSORS + 1)
        throw new SessionConflictError(TOO_MANY_SUCCESSORS);
      for (const successor of keys) visited.add(successor);
      const outcomes = await Promise.all(keys.map((successor) => this.#endOne(successor)));
      hasEnded ||= outcomes.some((outcome) => outcome.existed);
      next = outcomes.flatMap((outcome) => outcome.successors);
    }
    return { hasEnded, hasMetTrace: wasTraced };
  }

  async #endOne(
    key: string,
  ): Promise<{ existed: boolean; wasTraced: boolean; successors: readonly string[] }> {
    const outcome = await this.store.end(key);
    if (outcome.existed) this.events.emit('flushed', key);
    // what stands in the store may have been written by anybody
    return { ...outcome, successors: outcome.successors.filter(isSessionKey) };
  }
}

const TOO_MANY_SUCCESSORS =
  'The session was not ended everywhere: it was given a new key too often within a minute. Try again in a minute.';
