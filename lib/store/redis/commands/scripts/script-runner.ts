import type { RedisLink, ReplyParser } from '../../link/redis-link.js';
import type { RedisScript } from './redis-script.js';

/** Runs a script on keys of one slot. */
export type ScriptRunner = <T>(
  script: RedisScript,
  keys: readonly [string, ...string[]],
  args: readonly string[],
  parse: ReplyParser<T>,
) => Promise<T>;

/** Each connection makes an EVALSHA of the EVALs after a script's first. */
export const scriptRunner =
  (link: Pick<RedisLink, 'send'>): ScriptRunner =>
  ({ source }, keys, args, parse) =>
    link.send(keys[0], ['EVAL', source, String(keys.length), ...keys, ...args], parse);
