import type { RedisReply } from '../link/redis-link.js';

export interface Page {
  readonly cursor: string;
  readonly keys: readonly string[];
}

export const asText = (reply: RedisReply): string | null => reply as string | null;

export const asTexts = (reply: RedisReply): (string | null)[] => reply as (string | null)[];

export const asNothing = (): void => undefined;

export const asReply = (reply: RedisReply): RedisReply => reply;

export const asOk = (reply: RedisReply): boolean => reply !== null;

export const asCount = (reply: RedisReply): number => reply as number;

export const asExistence = (reply: RedisReply): boolean => reply !== 0;

/** PTTL answers -2 for a missing key and -1 for one that never expires. */
export const asRemaining = (reply: RedisReply): number | null | undefined =>
  reply === -2 ? undefined : reply === -1 ? null : (reply as number);

export const asPage = (reply: RedisReply): Page => {
  const [cursor, keys] = reply as readonly [string, readonly string[]];
  return { cursor, keys };
};
