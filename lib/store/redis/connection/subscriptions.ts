import { ErrorReply, type RedisClientType } from 'redis';
import { RedisConnectionError } from '../../../errors/redis.errors.js';
import { ignore } from '../../../common/ignore.js';
import type { MessageListener, Subscription } from '../../subscription.js';
import { closedError } from '../link/closed-error.js';
import type { Dial } from './dial.js';
import { POLICY } from './policy.js';
import { ReconnectingConnection } from './reconnecting-connection.js';
import { translateError } from './translate-error.js';

/** The work on a client before its connection counts as made. */
export type Greeting = (client: RedisClientType) => Promise<void>;

export interface SubscriptionsOptions {
  /** Makes a connection to a server that gets every message. */
  readonly dialWith: (greet: Greeting) => Dial;
  readonly operationTimeoutMs: number;
  /** True if the server that was dialled last still is one that gets every message. */
  readonly isCurrent?: () => boolean;
}

/** The subscriptions of a link. Each has a connection of its own, so that one who has none has no connection for it. */
export class Subscriptions {
  readonly #open = new Set<ChannelSubscription>();
  #isClosed = false;

  constructor(private readonly options: SubscriptionsOptions) {}

  subscribe(channel: string, listener: MessageListener): Subscription {
    if (this.#isClosed) return closedSubscription();
    const subscription: ChannelSubscription = new ChannelSubscription(channel, listener, this.options, () =>
      this.#open.delete(subscription),
    );
    this.#open.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((subscription) => subscription.end()));
  }
}

class ChannelSubscription implements Subscription {
  readonly ready: Promise<void>;
  readonly #connection: ReconnectingConnection;
  readonly #checks: NodeJS.Timeout;
  /** The server's refusal to let it subscribe. */
  #refusal: ErrorReply | undefined;
  #hasEnded = false;

  constructor(
    channel: string,
    listener: MessageListener,
    private readonly options: SubscriptionsOptions,
    private readonly onEnd: () => void,
  ) {
    const { dialWith, operationTimeoutMs } = options;
    const tell = (message: string): void => {
      if (!this.#hasEnded) listener(message);
    };
    const greet: Greeting = async (client) => {
      try {
        await client.subscribe(channel, tell);
        this.#refusal = undefined;
      } catch (error) {
        // connecting again at once would not help against it
        if (!(error instanceof ErrorReply)) throw error;
        this.#refusal = error;
      }
    };
    // its link tells of outages
    this.#connection = new ReconnectingConnection({
      dial: dialWith(greet),
      operationTimeoutMs,
      onChange: ignore,
    });
    this.ready = this.#begin();
    this.ready.catch(ignore);
    this.#checks = setInterval(() => this.#check(), POLICY.subscriptionCheckMs).unref();
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#checks);
    this.onEnd();
    await this.#connection.close();
  }

  async #begin(): Promise<void> {
    await this.#connection.open();
    if (this.#hasEnded) throw closedError();
    if (!this.#connection.isReady)
      throw new RedisConnectionError(undefined, { cause: this.#connection.failure });
    if (this.#refusal !== undefined) throw translateError(this.#refusal);
  }

  /** On a connection that only listens a loss may go unnoticed, and a server may be the wrong one without telling. */
  #check(): void {
    if (this.#refusal !== undefined) this.#connection.renew(this.#refusal);
    else if (this.options.isCurrent?.() === false)
      this.#connection.renew(new Error('Messages come from another server by now'));
    else this.#connection.send(['PING'], ignore).catch(ignore);
  }
}

const closedSubscription = (): Subscription => {
  const ready = Promise.reject(closedError());
  ready.catch(ignore);
  return { ready, end: () => Promise.resolve() };
};
