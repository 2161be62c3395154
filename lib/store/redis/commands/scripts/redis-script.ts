/**
 * A Lua script of this module.
 *
 * What can fail comes before its first write, since what was written before stays. And it leaves a key alone that it
 * may have removed, also where that was the last field of a hash or the last item of a list: in a slot that moves to
 * another node, Redis refuses a script each command on a key that is missing.
 */
export interface RedisScript {
  readonly source: string;
}

export const redisScript = (source: string): RedisScript => ({ source });
