import type { FoundSession } from './session-identity.js';

/** The loading of a session. Concurrent callers share it. */
export class SessionLoading {
  #running: Promise<void> | undefined;
  #failure: Error | undefined;

  /** The error with which loading the session failed; every access throws this. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  once(find: () => Promise<FoundSession>, take: (found: FoundSession) => void): Promise<void> {
    return (this.#running ??= this.#run(find, take));
  }

  /** The session was loaded otherwise. */
  forgetFailure(): void {
    this.#failure = undefined;
  }

  async #run(find: () => Promise<FoundSession>, take: (found: FoundSession) => void): Promise<void> {
    try {
      take(await find());
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    } finally {
      this.#running = undefined;
    }
  }
}
