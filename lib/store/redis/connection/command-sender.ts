import type { ReplyParser } from '../link/redis-link.js';
import { SharedReads, type WriteNotice } from './shared-reads.js';
import { TaughtScripts } from './taught-scripts.js';

type Send = <T>(args: readonly string[], parse: ReplyParser<T>, notice?: WriteNotice) => Promise<T>;

/** Sends the commands for one server in as few bytes as can be: scripts by their digests, and GETs that may be shared once. */
export class CommandSender {
  readonly #scripts = new TaughtScripts();
  readonly #sharedReads: SharedReads | undefined;

  /** @param sharesReads whether those who ask for one key at once share a GET */
  constructor(
    private readonly sendAsItIs: Send,
    sharesReads = false,
  ) {
    this.#sharedReads = sharesReads ? new SharedReads() : undefined;
  }

  send<T>(args: readonly string[], parse: ReplyParser<T>): Promise<T> {
    const [command, key = ''] = args;
    if (command === 'GET' && this.#sharedReads !== undefined)
      return this.#sharedReads.read(key, (notice) => this.sendAsItIs(args, parse, notice));
    this.#sharedReads?.sendAfter(args);
    return command === 'EVAL'
      ? this.#scripts.run(args, (shortened) => this.sendAsItIs(shortened, parse))
      : this.sendAsItIs(args, parse);
  }

  /** The server may be another by now: it knows none of the scripts, and answers none of the reads. */
  forget(): void {
    this.#scripts.forget();
    this.#sharedReads?.forget();
  }
}
