/** What Redis answered, as node-redis parsed it. */
export type RedisReply = string | number | null | readonly RedisReply[];

/** One server that scripts, scans and pings can be sent to directly. */
export interface RedisNode {
  send(args: readonly string[]): Promise<RedisReply>;
}

/** A Lua script of this module, run by its digest. */
export interface RedisScript {
  readonly name: string;
  readonly source: string;
  readonly sha1: string;
}

/**
 * The way to one Redis: a single server, a cluster or a master behind Sentinels. It owns the clients of
 * node-redis, their life cycle and the deadline; RedisStore owns the commands.
 *
 * Every promise settles within the operation timeout and rejects with this module's errors only.
 */
export interface RedisLink {
  /** Memoised; every call awaits it by itself. */
  connect(): Promise<void>;

  /** Waits, within a bound, for commands under way and releases everything. Idempotent. */
  close(): Promise<void>;

  /** Sends one command whose keys all live in the slot of `key`. */
  send(key: string, args: readonly string[]): Promise<RedisReply>;

  /** As `send`, for a command that only reads and so may go to a replica where the user asked for that. */
  read(key: string, args: readonly string[]): Promise<RedisReply>;

  /** Runs a script on the keys of one slot: EVALSHA, and EVAL where the server has forgotten it. */
  run(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args: readonly string[],
  ): Promise<RedisReply>;

  /**
   * The positions of `keys` grouped so that one multi-key command may serve each group: a single group but in a
   * cluster, where commands for the groups of one node are pipelined.
   */
  group(keys: readonly string[]): readonly (readonly number[])[];

  /** Whether one command or script may name both keys. */
  together(key: string, other: string): boolean;

  /** Every server that holds part of the keys: one, or each master of a cluster. */
  masters(): Promise<readonly RedisNode[]>;
}
