/** An option of a command by which node-redis tells when it is written. */
export interface WriteNotice {
  readonly abortSignal: AbortSignal;
}

/**
 * Lets those who ask for the same key share one GET until anything that was asked for is written to the socket. One that is
 * written may have been executed already, and a later caller may know of a later change.
 */
export class SharedReads {
  readonly #unwritten = new Map<string, Promise<unknown>>();
  /** One for all, since node-redis takes two microseconds to add options to a command. */
  readonly #notice: WriteNotice = {
    abortSignal: new WriteSignal(() => this.#unwritten.clear()) as unknown as AbortSignal,
  };

  /** @param send sends the GET, which is parsed in the same way by all who ask for the key; the notice is always the same */
  read<T>(key: string, send: (notice: WriteNotice) => Promise<T>): Promise<T> {
    const shared = this.#unwritten.get(key);
    if (shared !== undefined) return shared as Promise<T>;
    const read = send(this.#notice);
    this.#unwritten.set(key, read);
    // also one that has failed without being written
    read.catch(() => {
      if (this.#unwritten.get(key) === read) this.#unwritten.delete(key);
    });
    return read;
  }

  /** Another command is about to be sent: what is read after it must be read after it. */
  sendAfter(args: readonly string[]): void {
    if (this.#unwritten.size === 0) return;
    // without an argument it may be about the very next command, as ASKING is
    if (args.length === 1) this.#unwritten.clear();
    for (const arg of args) this.#unwritten.delete(arg);
  }
}

/** node-redis listens to the signal of a command for as long as the command can be withdrawn: until it is written. */
class WriteSignal implements Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'> {
  readonly aborted = false;

  constructor(private readonly onWritten: () => void) {}

  addEventListener(): void {
    // it is never aborted
  }

  removeEventListener(): void {
    this.onWritten();
  }
}
