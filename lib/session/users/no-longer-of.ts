import { userOf } from '../object/session-user.js';
import type { SessionCodec } from '../wire/session-codec.js';

/**
 * True if a session that stands in the index of a user is not the user's: it is gone, bound to nobody or to somebody else. Of
 * one that cannot be read nothing is known.
 */
export const isNoLongerOf = (
  userId: string,
  codec: SessionCodec,
  text: string | undefined,
  key: string,
): boolean => {
  if (text === undefined) return true;
  const { data, problem } = codec.decode(text, key);
  return problem === undefined && userOf(data) !== userId;
};
