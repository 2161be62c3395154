import { describeValue } from '../common/describe-value.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import type { Kind, Problem } from './option.js';
import { FROM_ENVIRONMENT } from './environment.js';
import { type Entries, type Entry, isGroup, optionRows } from './option.js';
import { moduleOptions } from './options.js';
import { whyUnknown } from './unknown-option.js';

/** @throws ImproperlyConfiguredError */
export const refuseNoObject = (owner: string, options: unknown): void => {
  if (typeof options !== 'object' || options === null)
    throw new ImproperlyConfiguredError(
      `The options of ${owner} must be an object, got ${describeValue(options)}; does the factory return them?`,
    );
};

/**
 * Checks each option by itself, then the valid ones together.
 *
 * @throws ImproperlyConfiguredError that names every problem with its path and the fix.
 */
export const refuseProblems = <T extends object>(
  entries: Entries,
  options: T,
  together: (options: T) => Problem[],
  owner = '',
): void => {
  const alone = problemsOf(entries, options, '', entries);
  const sound = alone.reduce((rest, { path }) => without(rest, path.split('.')), options);
  const wrong = new Set(alone.map(({ path }) => path));
  const all = [...alone, ...together(sound).filter(({ path }) => !wrong.has(path))];
  if (all.length > 0)
    throw new ImproperlyConfiguredError(all.map((problem) => owner + sentence(problem, options)));
};

const problemsOf = (entries: Entries, options: object, prefix: string, root: Entries): Problem[] => [
  ...Object.entries(entries).flatMap(([name, entry]) =>
    problemsOfOne(entry, (options as Record<string, unknown>)[name], prefix + name, root),
  ),
  ...Object.keys(options)
    .filter((name) => !Object.hasOwn(entries, name))
    .map((name) => ({ path: prefix + name, message: whyUnknown(name, prefix, root) })),
];

const problemsOfOne = (entry: Entry, value: unknown, path: string, root: Entries): Problem[] => {
  if (value === undefined) return [];
  if (!isGroup(entry))
    return entry.kind.accepts(value) ? [] : [{ path, message: whyRefused(entry.kind, value) }];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? problemsOf(entry.entries, value, `${path}.`, root)
    : [{ path, message: `must be an object of options, got ${describeValue(value)}` }];
};

const whyRefused = (kind: Kind<unknown>, value: unknown): string =>
  kind.why?.(value) ?? `must be ${kind.expected}, got ${describeValue(value)}`;

/** A copy without the option at a path, so that the other options can still be checked. */
const without = <T extends object>(options: T, [name = '', ...rest]: readonly string[]): T => {
  const { [name]: value, ...others } = options as Record<string, unknown>;
  const kept = rest.length > 0 && typeof value === 'object' && value !== null;
  return (kept ? { ...others, [name]: without(value, rest) } : others) as T;
};

/** Names the environment variable if the value came from it. */
const sentence = ({ path, message }: Problem, options: object): string => {
  const { [FROM_ENVIRONMENT]: read } = options as { [FROM_ENVIRONMENT]?: ReadonlyMap<string, unknown> };
  const variable =
    read !== undefined && read.get(path) === valueAt(options, path)
      ? optionRows(moduleOptions).find((row) => row.path === path)?.environment
      : undefined;
  return variable === undefined
    ? `${path} ${message}`
    : `${path} (environment variable ${variable}) ${message}`;
};

const valueAt = (options: object, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], options);
