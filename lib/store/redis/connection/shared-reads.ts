/** An option of a command by which node-redis tells when it is written. */
export interface WriteNotice {
  readonly abortSignal: AbortSignal;
}

/**
 * Lets those who ask for the same key share one GET until anything that was asked for is written to the socket. One that is
 * written may have been executed already, and a later caller may know of a later change.
 */
export class SharedReads {
  #unwritten = new Map<string, Promise<unknown>>();
  /** The number of reads that node-redis has taken. */
  #queued = 0;
  /** One for all, since node-redis takes two microseconds to add options to a command. */
  readonly #notice: WriteNotice = {
    abortSignal: new WriteSignal(
      () => this.#queued++,
      () => this.forget(),
    ) as unknown as AbortSignal,
  };

  /** @param send sends the GET, which is parsed in the same way by all who ask for the key; the notice is always the same */
  read<T>(key: string, send: (notice: WriteNotice) => Promise<T>): Promise<T> {
    const shared = this.#unwritten.get(key);
    if (shared !== undefined) return shared as Promise<T>;
    const before = this.#queued;
    const read = send(this.#notice);
    // one that is refused at once, as by a client that is not connected, is never written
    if (this.#queued > before) this.#unwritten.set(key, read);
    return read;
  }

  /** Another command is about to be sent: what is read after it must be read after it. */
  sendAfter(args: readonly string[]): void {
    if (this.#unwritten.size === 0) return;
    // without an argument it may be about the very next command, as ASKING is
    if (args.length === 1) this.forget();
    for (const arg of args) this.#unwritten.delete(arg);
  }

  /** From here on nobody shares what was asked for before. */
  forget(): void {
    // V8 links the tables of a map that is cleared, and frees them late with what they held
    if (this.#unwritten.size > 0) this.#unwritten = new Map();
  }
}

/**
 * node-redis listens to the signal of a command for as long as the command can be withdrawn: from the call until it is
 * written, or has failed before.
 */
class WriteSignal implements Pick<AbortSignal, 'aborted' | 'addEventListener' | 'removeEventListener'> {
  readonly aborted = false;

  constructor(
    private readonly onQueued: () => void,
    private readonly onWritten: () => void,
  ) {}

  addEventListener(): void {
    this.onQueued();
  }

  removeEventListener(): void {
    this.onWritten();
  }
}
