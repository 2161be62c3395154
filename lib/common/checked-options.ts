import { beginAtCaller } from './caller.js';
import { describeValue } from './describe-value.js';
import { nearestName } from './nearest-name.js';
import { isPlainObject } from './plain-object.js';

/** The names of options in other libraries. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = { ttl: ['timeout', 'lease'] };

/** The options that a call takes. */
export interface KnownOptions {
  readonly names: readonly string[];
  /** The other kind of argument that it takes in place of options. */
  readonly besides?: { readonly argument: string; readonly expected: string };
}

/**
 * Refuses options that a call does not know. Where the call takes another kind of argument in their place, anything but an
 * object is left to it.
 *
 * @param owner whose method `verb` was called: the stack of the error begins at its caller
 * @throws TypeError
 */
export const checkOptions = (
  given: unknown,
  { names, besides }: KnownOptions,
  owner: object,
  verb: string,
): void => {
  if (given === undefined || (besides !== undefined && !isObject(given))) return;
  const problem = problemOf(given, names);
  if (problem === undefined) return;
  const expected = `${besides === undefined ? '' : `${besides.expected}, or `}{ ${names.join(', ')} }`;
  const error = new TypeError(`${besides?.argument ?? verb}: expected ${expected}; got ${problem}`);
  beginAtCaller(error, Reflect.get(owner, verb));
  throw error;
};

/** Something else than options, such as a Date, must not pass for options that say nothing. */
const problemOf = (given: unknown, names: readonly string[]): string | undefined => {
  if (!isObject(given) || !isPlainObject(given)) return describeValue(given);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return undefined;
  const nearest = ofElsewhere(unknown, names) ?? nearestName(unknown, names);
  const question = nearest === undefined ? '' : ` (did you mean \`${nearest}\`?)`;
  return `an object with ${JSON.stringify(unknown)}${question}`;
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const ofElsewhere = (name: string, names: readonly string[]): string | undefined =>
  Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name]?.find((known) => names.includes(known)) : undefined;
