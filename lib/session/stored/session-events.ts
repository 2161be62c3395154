import type { Logger } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { SessionInterruptedError } from '../../errors/session.errors.js';
import { stackOf } from '../../common/stack-of.js';
import type { EndedSession, SessionBroadcast } from './session-broadcast.js';

/**
 * The events of a session. A presented key is `rejected` if it is malformed or unknown. A session has `expired` if its
 * own end had passed while it was still stored. A session that `ended` is no longer stored under its key: it was
 * flushed, or moved to a new key; with `session.broadcastEvents` the listeners of every process are told.
 */
export type SessionEventName =
  'created' | 'cycled' | 'flushed' | 'interrupted' | 'corrupt' | 'rejected' | 'expired' | 'ended';

/** An event for listeners. It is safe to log, because it never contains a session key. */
export interface SessionEvent {
  /** With its topic: `session.created`, `session.corrupt` … */
  readonly name: `session.${SessionEventName}`;
  /** A short keyed hash of the session key, the same in every process that shares the secret key. */
  readonly session: string;
  /** The hash of the key it had before, where it was cycled. */
  readonly previous?: string;
  /** The hash of the key that it was moved to, where it ended under a key because it got a new one. */
  readonly successor?: string;
}

/** May be asynchronous; what it gives back is of no consequence. */
export type SessionListener = (event: SessionEvent) => unknown;

/** Lets an application subscribe to the events of sessions, for its audit log. */
export interface SessionEvents {
  /**
   * Calls the listener on each such event, synchronously; what it throws, or its promise rejects with, is logged and
   * goes no further. Nobody waits for that promise.
   *
   * @returns a function that ends the subscription
   */
  on(event: SessionEventName, listener: SessionListener): () => void;
}

/** Hashes keys only while somebody listens. */
export class SessionEventEmitter implements SessionEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  constructor(
    /** The short hash of a key that listeners are told. */
    readonly fingerprint: (key: string) => string,
    private readonly logger: Logger,
    /** Tells other processes, and hears them. */
    private readonly broadcast?: SessionBroadcast,
  ) {}

  on(event: SessionEventName, listener: SessionListener): () => void {
    const tell = (happened: SessionEvent): void => void this.#tell(listener, happened);
    this.#emitter.on(event, tell);
    if (event === 'ended') this.broadcast?.listen((ended) => this.#tellEnded(ended));
    return () => {
      this.#emitter.off(event, tell);
      if (this.#emitter.listenerCount('ended') === 0) this.broadcast?.leave();
    };
  }

  /** A session is no longer stored under a key; it may be under another. */
  emitEnded(key: string, successor?: string): void {
    if (this.#emitter.listenerCount('ended') === 0 && this.broadcast === undefined) return;
    const ended = {
      session: this.fingerprint(key),
      ...(successor !== undefined && { successor: this.fingerprint(successor) }),
    };
    this.#tellEnded(ended);
    this.broadcast?.publish(ended);
  }

  emit(event: SessionEventName, key: string, previousKey?: string): void {
    if (this.#emitter.listenerCount(event) === 0) return;
    this.#emitter.emit(event, {
      name: `session.${event}`,
      session: this.fingerprint(key),
      ...(previousKey !== undefined && { previous: this.fingerprint(previousKey) }),
    } satisfies SessionEvent);
  }

  #tellEnded(ended: EndedSession): void {
    this.#emitter.emit('ended', { name: 'session.ended', ...ended } satisfies SessionEvent);
  }

  async #tell(listener: SessionListener, happened: SessionEvent): Promise<void> {
    try {
      await listener(happened);
    } catch (error) {
      this.logger.error(`A listener of ${happened.name} threw`, stackOf(error));
    }
  }
}

/** Tells listeners of a session that was ended while it was in use, and gives what its user is to meet. */
export const interruption = (events: SessionEventEmitter, key: string): SessionInterruptedError => {
  events.emit('interrupted', key);
  return new SessionInterruptedError();
};
