import { channel, type ChannelListener, unsubscribe } from 'node:diagnostics_channel';

/** What `subscribe()` of Node calls. */
interface Subscribable {
  subscribe(this: Subscribable, listener: ChannelListener): void;
}

/**
 * Notes who subscribes to channels from now on. A channel belongs to the process, in which further test files may run.
 *
 * @returns ends these subscriptions
 */
export const watchSubscriptions = (names: readonly string[]): (() => void) => {
  const ends = names.map((name) => {
    const watched = channel(name) as unknown as Subscribable;
    const listeners = new Set<ChannelListener>();
    watched.subscribe = (listener) => {
      listeners.add(listener);
      // a channel has another prototype as soon as it has a subscriber
      (Object.getPrototypeOf(watched) as Subscribable).subscribe.call(watched, listener);
    };
    return () => {
      Reflect.deleteProperty(watched, 'subscribe');
      for (const listener of listeners) unsubscribe(name, listener);
    };
  });
  return () => {
    for (const end of ends) end();
  };
};
