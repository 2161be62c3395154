import { isObject } from './kinds.js';
import { type Entries, isGroup } from './option.js';
import { type CodexRedisOptions, moduleOptions } from './options.js';

/**
 * Merges `options` into others, such as those that `codexRedisConfig` read from the environment. Groups (`cache`, `session`,
 * `session.cookie`, `memory`) are merged name by name; every other value of `options` replaces the one before, and
 * `undefined` leaves it. Neither argument is changed.
 */
export const mergeOptions = (environment: CodexRedisOptions, options: CodexRedisOptions): CodexRedisOptions =>
  merge(moduleOptions, environment, options);

const merge = (entries: Entries, under: object, over: object): object => ({
  ...under,
  ...Object.fromEntries(
    Object.entries(over)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]: [string, unknown]) => {
        const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
        const before = (under as Record<string, unknown>)[name];
        const both = entry !== undefined && isGroup(entry) && isObject(before) && isObject(value);
        return [name, both ? merge(entry.entries, before, value) : value];
      }),
  ),
});
