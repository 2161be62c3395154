import { RedisServiceError } from '../../../../errors/redis.errors.js';
import type { RedisLink, ReplyParser } from '../../link/redis-link.js';
import type { RedisScript } from './redis-script.js';

/** Runs a script on keys of one slot. */
export type ScriptRunner = <T>(
  script: RedisScript,
  keys: readonly [string, ...string[]],
  args: readonly string[],
  parse: ReplyParser<T>,
) => Promise<T>;

/** EVALSHA, and EVAL where the server has forgotten the script; EVAL teaches it again. */
export const scriptRunner =
  (link: Pick<RedisLink, 'send'>): ScriptRunner =>
  (script, keys, args, parse) => {
    const rest = [String(keys.length), ...keys, ...args];
    return link.send(keys[0], ['EVALSHA', script.sha1, ...rest], parse).catch((error: unknown) => {
      if (!(error instanceof RedisServiceError && error.replyCode === 'NOSCRIPT')) throw error;
      return link.send(keys[0], ['EVAL', script.source, ...rest], parse);
    });
  };
