import { randomUUID } from 'node:crypto';
import { RedisServiceError } from '../../errors/redis.errors.js';
import type { KeyValueStore } from '../../store/key-value-store.js';
import type { Subscription } from '../../store/subscription.js';

/** A session that is no longer stored under a key, by the hashes of its keys. */
export interface EndedSession {
  readonly session: string;
  /** The hash of the key it was moved to; there is none if it has ended altogether. */
  readonly successor?: string;
}

/** Tells other processes of sessions that ended here, and hears of those that ended there, while somebody wants to know. */
export class SessionBroadcast {
  /** Nobody is told of what this process has told itself. */
  readonly #process = randomUUID();
  #subscription: Subscription | undefined;

  constructor(
    private readonly store: KeyValueStore,
    private readonly channel: string,
    private readonly warn: (message: string) => void,
  ) {}

  /** Nobody waits for it: what is lost here is found by those who look at their sessions from time to time. */
  publish(ended: EndedSession): void {
    const message = JSON.stringify({ ...ended, process: this.#process });
    this.store.publish(this.channel, message).catch(this.#fail);
  }

  listen(onEnded: (ended: EndedSession) => void): void {
    if (this.#subscription !== undefined) return;
    this.#subscription = this.store.subscribe(this.channel, (message) => {
      const ended = this.#read(message);
      if (ended !== undefined) onEnded(ended);
    });
    this.#subscription.ready.catch(this.#fail);
  }

  leave(): void {
    void this.#subscription?.end();
    this.#subscription = undefined;
  }

  /** Anybody may publish anything. */
  #read(message: string): EndedSession | undefined {
    try {
      const { process, session, successor } = JSON.parse(message) as Record<string, unknown>;
      if (process === this.#process || typeof session !== 'string') return undefined;
      return { session, ...(typeof successor === 'string' && { successor }) };
    } catch {
      return undefined;
    }
  }

  /** The connection tells of outages by itself. */
  readonly #fail = (error: unknown): void => {
    if (error instanceof RedisServiceError)
      this.warn(
        `session.broadcastEvents: Redis refused to pass on that a session has ended (${error.replyCode}). A user of an ACL ` +
          `needs +publish, +subscribe and the channel: &${this.channel}`,
      );
  };
}
