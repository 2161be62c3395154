/** The entries of a session as they are stored: JSON values by name. */
export type SessionData = Record<string, unknown>;

/** Gives an entry its value; `__proto__` is a name like any other. */
export const setEntry = (data: SessionData, name: string, value: unknown): void => {
  if (name === '__proto__')
    Object.defineProperty(data, name, { value, writable: true, enumerable: true, configurable: true });
  else data[name] = value;
};

/** The value of an entry, `undefined` when there is none. */
export const getEntry = (data: SessionData, name: string): unknown =>
  Object.hasOwn(data, name) ? data[name] : undefined;

/** Lays entries of one state over another: a named entry that `data` does not have is deleted. */
export const layOver = (below: SessionData, names: Iterable<string>, data: SessionData): void => {
  for (const name of names)
    if (Object.hasOwn(data, name)) setEntry(below, name, data[name]);
    else Reflect.deleteProperty(below, name);
};

/** The names of the entries that differ between two states, as `toJson` spells their values. */
export const changedNames = (
  before: SessionData,
  after: SessionData,
  toJson: (value: SessionData) => string,
): string[] => {
  const same = (name: string): boolean =>
    Object.hasOwn(before, name) &&
    Object.hasOwn(after, name) &&
    toJson({ value: before[name] }) === toJson({ value: after[name] });
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !same(name));
};
