/** A body that may still fail into an error response, in which case nothing is to be saved. */
export const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['pipe', 'getStream', 'getReader', 'body'].some((name) => name in value);
