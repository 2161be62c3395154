import type { IncomingMessage } from 'node:http';
import type { Session } from '../../session/object/session.js';
import { sessionStateOf } from '../../session/object/state-of.js';
import type { SessionWatch } from '../../session/stored/session-watch.js';
import type { SessionHttp } from '../session-http.js';
import { giveSession } from './socket-sessions.js';

/** The objects that the handshakes of an application share. */
export interface HandshakeTools {
  readonly http: SessionHttp;
  readonly watch: SessionWatch;
}

/** From the request of a WebSocket to its end: loads its session, and knows when that has ended. */
export class Handshake {
  #session: Session | undefined;
  readonly #stopWatching = new Map<string, () => void>();
  #hasEnded = false;
  #close: (() => void) | undefined;

  private constructor(
    private readonly request: IncomingMessage,
    private readonly tools: HandshakeTools,
  ) {}

  /** @throws RedisConnectionError, RedisServiceError when the session cannot be read */
  static async begin(request: IncomingMessage, tools: HandshakeTools): Promise<Handshake> {
    const handshake = new Handshake(request, tools);
    try {
      await handshake.#load();
      return handshake;
    } catch (error) {
      handshake.end();
      throw error;
    }
  }

  /** True if the session has ended since it was asked for. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Lets the handlers of the socket have the session. */
  give(socket: object): void {
    if (this.#session !== undefined) giveSession(socket, this.#session);
  }

  /** Has the socket closed when the session ends, or at once where it has ended already. */
  closeAtEnd(close: () => void): void {
    this.#close = close;
    if (this.#hasEnded) close();
  }

  /** The socket is closed, or was never opened. */
  end(): void {
    for (const stop of this.#stopWatching.values()) stop();
    this.#stopWatching.clear();
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#close?.();
  };

  /** It is watched before it is read: what ends it in between is not missed. */
  async #load(): Promise<void> {
    const { http, watch } = this.tools;
    if (http.excluded.has(this.request)) return;
    const { keys, earlier } = http.presentedBy(this.request);
    const over = new Set<string>();
    for (const key of keys)
      this.#stopWatching.set(
        key,
        watch.watch(key, () => over.add(key)),
      );
    const session = http.service.open(keys, earlier);
    const state = sessionStateOf(session);
    state.use.beReadOnly();
    await http.service.ensureLoaded(session);
    const { stored } = state.decode().identity;
    this.#session = session;
    this.end();
    if (stored !== null) {
      this.#hasEnded = over.has(stored);
      this.#stopWatching.set(stored, watch.watch(stored, this.#onEnd));
    }
    Object.defineProperty(this.request, 'session', { value: session, configurable: true });
  }
}
