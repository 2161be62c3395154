import { createHash } from 'node:crypto';
import { RedisServiceError } from '../../../errors/redis.errors.js';

type Send<T> = (args: readonly string[]) => Promise<T>;

/**
 * The scripts that a server has learned over one connection. The first run of each is an EVAL, which teaches it; later
 * ones name its digest only. To try the digest first would change the order of calls: an EVAL in its place leaves behind
 * the commands that were sent meanwhile.
 */
export class TaughtScripts {
  readonly #digests = new Map<string, string>();

  /** Runs an EVAL in as few bytes as the server understands. */
  run<T>(args: readonly string[], send: Send<T>): Promise<T> {
    const [, source = '', ...rest] = args;
    const digest = this.#digests.get(source);
    if (digest === undefined) return this.#teach(source, args, send);
    return send(['EVALSHA', digest, ...rest]).catch((error: unknown) => {
      if (!(error instanceof RedisServiceError && error.replyCode === 'NOSCRIPT')) throw error;
      // Somebody has had the server forget its scripts, all of them.
      return this.#teachAgain(source, args, send);
    });
  }

  /**
   * Sends the EVAL. Commands that follow it find the script. After a refusal, as by a node that has handed its slot on,
   * they do not.
   */
  #teach<T>(source: string, args: readonly string[], send: Send<T>): Promise<T> {
    this.#digests.set(source, digestOf(source));
    return send(args).catch((error: unknown) => {
      this.#digests.delete(source);
      throw error;
    });
  }

  async #teachAgain<T>(source: string, args: readonly string[], send: Send<T>): Promise<T> {
    this.forget();
    const answer = await send(args);
    this.#digests.set(source, digestOf(source));
    return answer;
  }

  /** The server may be another by now. */
  forget(): void {
    this.#digests.clear();
  }
}

const digestOf = (source: string): string => createHash('sha1').update(source).digest('hex');
