import { ignore } from '../../common/ignore.js';
import type { SessionLifetime } from '../object/session-lifetime.js';
import type { SessionCodec } from '../wire/session-codec.js';
import type { SessionEventEmitter } from './session-events.js';
import type { SessionStore } from './session-store.js';

/** The interval at which sessions are checked for being still stored: an event may be lost, and expiry has none. */
const CHECK_MS = 60_000;

/** More keys in one command would be felt by other clients. */
const MOST_IN_ONE_LOOK = 500;

interface Watch {
  readonly key: string;
  readonly onEnd: () => void;
}

/** Tells those who hold on to a session for longer than a request when it is no longer stored under its key. */
export class SessionWatch {
  /** By the hash of the key. */
  readonly #watches = new Map<string, Set<Watch>>();
  #checks: NodeJS.Timeout | undefined;

  readonly #events: SessionEventEmitter;
  readonly #store: SessionStore;
  /** Private to the runtime too: it knows the secret keys. */
  readonly #codec: SessionCodec;
  readonly #lifetime: SessionLifetime;

  constructor(
    events: SessionEventEmitter,
    store: SessionStore,
    codec: SessionCodec,
    lifetime: SessionLifetime,
  ) {
    this.#events = events;
    this.#store = store;
    this.#codec = codec;
    this.#lifetime = lifetime;
  }

  /** Listens until the store is closed. */
  begin(): this {
    this.#events.on('ended', ({ session }) => this.#end(session));
    return this;
  }

  /**
   * Calls back once, when the session is no longer stored under the key.
   *
   * @returns a function that ends the watch
   */
  watch(key: string, onEnd: () => void): () => void {
    const name = this.#events.fingerprint(key);
    const watch = { key, onEnd };
    const watches = this.#watches.get(name) ?? new Set<Watch>();
    this.#watches.set(name, watches.add(watch));
    this.#checks ??= setInterval(() => void this.#check().catch(ignore), CHECK_MS).unref();
    return () => {
      watches.delete(watch);
      if (watches.size === 0 && this.#watches.get(name) === watches) this.#watches.delete(name);
      this.#rest();
    };
  }

  async #check(): Promise<void> {
    const watched = [...this.#watches].flatMap(([name, [first]]) =>
      first === undefined ? [] : [{ name, key: first.key }],
    );
    for (let at = 0; at < watched.length; at += MOST_IN_ONE_LOOK) {
      const looked = watched.slice(at, at + MOST_IN_ONE_LOOK);
      const texts = await this.#store.readMany(looked.map(({ key }) => key));
      looked.forEach(({ name, key }, i) => {
        if (!this.#stands(key, texts[i] ?? null)) this.#end(name);
      });
    }
  }

  #stands(key: string, text: string | null): boolean {
    if (text === null) return false;
    const { data, savedAt } = this.#codec.decode(text, key);
    return !this.#lifetime.isOver(data, savedAt);
  }

  #end(name: string): void {
    const watches = this.#watches.get(name);
    this.#watches.delete(name);
    for (const { onEnd } of watches ?? []) onEnd();
    this.#rest();
  }

  #rest(): void {
    if (this.#watches.size > 0) return;
    clearInterval(this.#checks);
    this.#checks = undefined;
  }
}
