import { isPlainObject } from '../../common/plain-object.js';
import type { DecodedSession } from '../wire/session-codec.js';

/** Freezes the entries of a session that nothing saves: a change inside of one would be lost unseen. */
export const freezeEntries = (decoded: DecodedSession): DecodedSession => {
  freeze(decoded.data);
  return decoded;
};

/** A serializer of the application's own may make other objects, which cannot all be frozen. */
const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && !isPlainObject(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
};
