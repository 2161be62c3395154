/** The result of ending one session under one key. */
interface Ended {
  /** True if a stored session was ended. */
  readonly hasEnded: boolean;
  /** True if another request had moved or ended the key before. */
  readonly hasMetTrace: boolean;
}

type End = (key: string, user: string | undefined) => Promise<Ended>;

/** The state of the flushed sessions. */
export class SessionEnding {
  /** The keys that are not known to be ended yet, and the user of each session as far as is known. */
  readonly #keys = new Map<string, string | undefined>();
  #running: Promise<void> | undefined;
  #count = 0;
  #hasEnded = false;
  #hasMetTrace = false;

  /** The latest work of ending sessions, finished or not. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** The number of times it was asked for. */
  get count(): number {
    return this.#count;
  }

  /** True if a stored session was ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** True if another request had moved or ended a key before. */
  get hasMetTrace(): boolean {
    return this.#hasMetTrace;
  }

  /** Asks for the end of what stands under these keys; `user` is whom the session is bound to. */
  ask(keys: readonly (string | null)[], user: string | undefined): void {
    this.#count++;
    for (const key of keys) if (key !== null) this.#keys.set(key, user);
  }

  /** Ends what was asked for, after the call before has ended its own or failed. */
  async run(end: End): Promise<void> {
    if (this.#keys.size > 0) this.#running = this.#endKeys(end, this.#running);
    await this.#running;
  }

  async #endKeys(end: End, before: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) await Promise.allSettled([before]);
    for (const [key, user] of this.#keys) {
      const { hasEnded, hasMetTrace } = await end(key, user);
      this.#keys.delete(key);
      this.#hasEnded ||= hasEnded;
      this.#hasMetTrace ||= hasMetTrace;
    }
  }
}
