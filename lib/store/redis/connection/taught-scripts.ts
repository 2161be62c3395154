import { createHash } from 'node:crypto';
import { ErrorReply } from 'redis';
import { RedisServiceError } from '../../../errors/redis.errors.js';
import { deniedIn } from './translate-error.js';

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
      if (!(error instanceof RedisServiceError && error.replyCode === 'NOSCRIPT'))
        throw explained(error, source);
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
      throw explained(error, source);
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

/** The error of a script. It names the command that the user may not run, which may stand in the script only. */
const explained = (error: unknown, source: string): unknown =>
  error instanceof RedisServiceError && error.replyCode === 'NOPERM' && error.cause instanceof ErrorReply
    ? deniedIn(error.cause, source)
    : error;

const digestOf = (source: string): string => createHash('sha1').update(source).digest('hex');
