const STREAMING = ['pipe', 'getStream', 'getReader'];

/** A body that may still fail into an error response, in which case nothing is to be saved. */
export const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Response || STREAMING.some((name) => typeof Reflect.get(value, name) === 'function'));
