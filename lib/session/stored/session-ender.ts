import { SessionConflictError } from '../../errors/session.errors.js';
import type { EndOptions, EndOutcome } from '../../store/trace.js';
import { isSessionName } from '../wire/session-name.js';
import { foundOne, observeSession } from '../../telemetry/session-channel.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/** The most successors of a session that are ended with it. */
const MOST_SUCCESSORS = 64;

/** The result of an ending. */
export interface SessionsEnded {
  /** True if a stored session was ended, under whatever key. */
  readonly hasEnded: boolean;
  /** True if the key itself had been moved or ended before. */
  readonly hasMetTrace: boolean;
  /** The stored texts: under its key if that was asked for, and under the keys that it had been moved to. */
  readonly texts: readonly { readonly key: string; readonly text: string }[];
}

export interface SessionEndOptions {
  /** Leaves a trace also where nothing is stored, so that nothing comes to be. */
  readonly always?: boolean;
  /** Gives the text that was stored under the key. */
  readonly givesText?: boolean;
  /** Keys that are not ended, even if the session was moved to them. */
  readonly spared?: ReadonlySet<string>;
}

/** Does an ending with all that belongs to it, and tells of it. */
export const observeEnd = (ending: () => Promise<SessionsEnded>): Promise<SessionsEnded> =>
  observeSession('end', ending, ({ hasEnded }) => foundOne(hasEnded));

/** Ends sessions, also those that another request has moved to a new key in the last minute. */
export class SessionEnder {
  constructor(
    private readonly store: SessionStore,
    private readonly events: SessionEventEmitter,
  ) {}

  /** @throws SessionConflictError when it was moved so often that some of its successors are left */
  end(key: string, options: SessionEndOptions = {}): Promise<SessionsEnded> {
    return observeEnd(() => this.endWithin(key, options));
  }

  /** The same as a part of an ending that is told of by its caller. */
  async endWithin(key: string, { always, givesText, spared }: SessionEndOptions): Promise<SessionsEnded> {
    const first = await this.#endOne(key, { always, givesValue: givesText });
    const visited = new Set([key]);
    const ended = [first];
    let next = first.successors;
    while (next.length > 0) {
      const keys = [...new Set(next)].filter(
        (successor) => !visited.has(successor) && spared?.has(successor) !== true,
      );
      if (visited.size + keys.length > MOST_SUCCESSORS + 1)
        throw new SessionConflictError(TOO_MANY_SUCCESSORS);
      for (const successor of keys) visited.add(successor);
      const outcomes = await Promise.all(
        keys.map((successor) => this.#endOne(successor, { givesValue: true })),
      );
      ended.push(...outcomes);
      next = outcomes.flatMap(({ successors }) => successors);
    }
    return {
      hasEnded: ended.some(({ existed }) => existed),
      hasMetTrace: first.wasTraced,
      texts: ended.flatMap(({ value: text, ...one }) => (text === undefined ? [] : [{ key: one.key, text }])),
    };
  }

  async #endOne(key: string, options: EndOptions): Promise<EndOutcome & { readonly key: string }> {
    const outcome = await this.store.end(key, options);
    if (outcome.existed) {
      this.events.emit('flushed', key);
      this.events.emitEnded(key);
    }
    // anybody may have written what is in the store
    return { ...outcome, key, successors: outcome.successors.filter(isSessionName) };
  }
}

const TOO_MANY_SUCCESSORS =
  'The session was not ended everywhere: it was given a new key too often within a minute. Try again in a minute.';
