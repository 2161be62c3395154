/**
 * Keeps properties that hold secrets out of what logs show of an object: `util.inspect`, also with hidden properties,
 * `console.dir` and JSON. Reading them works as before; a spread leaves them out.
 */
export const conceal = <T extends object>(object: T, ...names: readonly (keyof T)[]): T => {
  for (const name of names) {
    const value = object[name];
    Object.defineProperty(object, name, { get: () => value, enumerable: false });
  }
  return object;
};
