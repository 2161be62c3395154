/** A Lua script of this module. */
export interface RedisScript {
  readonly source: string;
}

export const redisScript = (source: string): RedisScript => ({ source });
