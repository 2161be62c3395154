import { ignore } from '../../common/ignore.js';
import type { MessageListener, Subscription } from '../subscription.js';

/** The listeners of each channel. */
export class Channels {
  readonly #listeners = new Map<string, Set<MessageListener>>();
  #isClosed = false;

  publish(channel: string, message: string): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener(message);
  }

  subscribe(channel: string, listener: MessageListener, ready: Promise<void>): Subscription {
    ready.catch(ignore);
    // each subscription is one of its own, also where the listener is the same
    const own: MessageListener = (message) => listener(message);
    if (!this.#isClosed) this.#add(channel, own);
    const end = (): Promise<void> => {
      this.#remove(channel, own);
      return Promise.resolve();
    };
    return { ready, end };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #add(channel: string, listener: MessageListener): void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
  }

  #remove(channel: string, listener: MessageListener): void {
    const listeners = this.#listeners.get(channel);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(channel);
  }
}
