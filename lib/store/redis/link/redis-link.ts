import type { MessageListener, Subscription } from '../../subscription.js';

/** A reply of Redis, as node-redis parsed it. */
export type RedisReply = string | number | null | readonly RedisReply[];

/** Converts a reply for the caller. */
export type ReplyParser<T> = (reply: RedisReply) => T;

/** One server that scans and pings can be sent to directly. */
export interface RedisNode {
  send(args: readonly string[]): Promise<RedisReply>;
}

/**
 * The way to one Redis: a single server, a cluster or a master behind Sentinels. It owns the clients of
 * node-redis, their life cycle and the deadline; RedisStore owns the commands and scripts.
 *
 * Every promise settles within the operation timeout and rejects with this module's errors only.
 */
export interface RedisLink {
  /** Memoised; every call awaits it by itself. */
  connect(): Promise<void>;

  /** Waits, within a bound, for commands in flight and releases everything. Idempotent. */
  close(): Promise<void>;

  /**
   * Sends one command whose keys all live in the slot of `key`. The parser is handed down because a second
   * `.then` in the store would cost a twentieth of the throughput.
   */
  send<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T>;

  /** As `send`, for a command that only reads and so may go to a replica where the user asked for that. */
  read<T>(key: string, args: readonly string[], parse: ReplyParser<T>): Promise<T>;

  /**
   * `null` where one command may name all of `keys`; else their positions in groups that one command may name.
   * Commands that are sent in one tick share a round trip to each node.
   */
  split(keys: readonly string[]): readonly (readonly number[])[] | null;

  /** Subscribes to a channel, over a connection of its own; to be ended by its caller, or with the link. */
  subscribe(channel: string, listener: MessageListener): Subscription;

  /** Every server that holds part of the keys: one, or each master of a cluster. */
  masters(): Promise<readonly RedisNode[]>;
}
