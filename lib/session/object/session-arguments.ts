import { describeValue } from '../../common/describe-value.js';
import type { SessionCallback } from './session.js';

/** @throws TypeError for anything but a callback: thrown later, it would be a rejection that nobody awaits. */
export const callbackOf = (method: string, given: unknown): SessionCallback | undefined => {
  if (given === undefined || typeof given === 'function') return given as SessionCallback | undefined;
  throw new TypeError(
    `session.${method}() takes a callback, or nothing and returns a promise; it got ${describeValue(given)}`,
  );
};

/** @throws TypeError for anything but a list of names */
export const keptNamesOf = (names: unknown): readonly string[] => {
  if (names === undefined) return [];
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new TypeError(
    `session.regenerate() takes an array of the names of the entries to keep, or nothing; it got ${describeValue(names)}`,
  );
};

/** @throws TypeError for what `session.update()` would take nothing from, or by no name: a Map, an array, a string */
export const refuseUnnamed = (entries: unknown): void => {
  if (typeof entries === 'object' && entries !== null && !(Symbol.iterator in entries)) return;
  throw new TypeError(`session.update() takes an object of entries by name, not ${describeValue(entries)}`);
};
