// An option is declared once, as an entry of source-options.ts, cache-options.ts, session-options.ts, cookie-options.ts
// or options.ts.
// To add one, write its entry there and run `npm run docs:settings`:
//
//   /**
//    * What it means, for the settings page and the API reference.
//    *
//    * What only the API reference says.
//    * @default 300
//    */
//   lease: option(duration(0), { environment: 'CACHE_LEASE', default: 300 }),
//
// Its type, its check with the message, its environment variable, its value in the settings (a duration is
// milliseconds there) and its row on the pages follow from that. Without a default its value is `undefined` where it
// is not given. What it may be stands in kinds.ts. Options that belong together form a `section()`, whose defaults
// hold where it is left out, or a `feature()`, which is off (`undefined`) there. Only a rule about several options is
// written elsewhere, in cross-checks.ts and the files of checks that it calls.

/** The accepted values of an option. */
export interface Kind<T, S = T> {
  /** Completes the sentence "{option} must be …". */
  readonly expected: string;
  accepts(value: unknown): boolean;
  /** A more specific message for a refused value, where there is one. */
  why?(value: unknown): string | undefined;
  /** Parses an environment variable. Unreadable text stays text, so that the check refuses it. */
  read(text: string): unknown;
  /** Converts an accepted value for the settings. */
  settle(value: T): S;
}

export interface Option<T = unknown, S = unknown, D = unknown> {
  readonly kind: Kind<T, S>;
  readonly environment?: string;
  readonly default?: D;
}

/** Options under one name. */
export interface Group<E = Entries, Given = unknown, Absent = unknown> {
  readonly entries: E;
  /** True if it has its defaults when it is left out. Otherwise it is off then. */
  readonly always: boolean;
  /** Types only. */
  readonly given?: Given;
  readonly absent?: Absent;
}

export type Entry = Option | Group;
export interface Entries {
  readonly [name: string]: Entry;
}

type Given<E> = E extends Group<unknown, infer G> ? G : E extends Option<infer T> ? T : never;

/** The type that users write. It keeps the comments of the entries. */
export type OptionsOf<E> = { [Name in keyof E]?: Given<E[Name]> | undefined };

type Settled<E> = E extends Group<infer G> ? SettingsOf<G> : E extends Option<unknown, infer S> ? S : never;

/** True if there is always a value. */
type Decided<E> =
  E extends Group<unknown, unknown, infer Absent>
    ? undefined extends Absent
      ? false
      : true
    : E extends Option<unknown, unknown, infer Default>
      ? undefined extends Default
        ? false
        : true
      : never;

/** The settings: checked, with the defaults. */
export type SettingsOf<E> = {
  readonly [Name in keyof E as Decided<E[Name]> extends true ? Name : never]: Settled<E[Name]>;
} & {
  readonly [Name in keyof E as Decided<E[Name]> extends true ? never : Name]?: Settled<E[Name]> | undefined;
};

/** An option, the environment variable that `codexRedisConfig` reads for it, and its default as a user would write it. */
export function option<T, S>(
  kind: Kind<T, S>,
  more: { readonly environment?: string; readonly default: NoInfer<T> },
): Option<T, S, T>;
export function option<T, S>(
  kind: Kind<T, S>,
  more?: { readonly environment?: string },
): Option<T, S, undefined>;
export function option(kind: Kind<unknown>, more: Omit<Option, 'kind'> = {}): Option {
  return { kind, ...more };
}

/** Options whose defaults hold when the section is left out. `Given` names the type that users write. */
export const section = <E, Given extends OptionsOf<E> = OptionsOf<E>>(
  entries: E,
): Group<E, Given, never> => ({
  entries,
  always: true,
});

/** Options of a feature that is off unless the section is given; `{}` uses its defaults. */
export const feature = <E, Given extends OptionsOf<E> = OptionsOf<E>>(
  entries: E,
): Group<E, Given, undefined> => ({ entries, always: false });

export const isGroup = (entry: Entry): entry is Group => 'entries' in entry;

/** A sentence about an option; the path is put before it. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** One option with its dotted path. */
export interface OptionRow extends Option {
  readonly path: string;
}

/** Every option in the order of its declaration. */
export const optionRows = (entries: Entries, prefix = ''): OptionRow[] =>
  Object.entries(entries).flatMap(([name, entry]) =>
    isGroup(entry)
      ? optionRows(entry.entries, `${prefix}${name}.`)
      : [{ ...entry, path: `${prefix}${name}` }],
  );

/** Checked options as settings, with the defaults. */
export const settle = <E extends Entries>(entries: E, options: OptionsOf<E>): SettingsOf<E> =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([name, entry]) => {
      const settled = settleEntry(entry, (options as Record<string, unknown>)[name]);
      return settled === undefined ? [] : [[name, settled]];
    }),
  ) as SettingsOf<E>;

const settleEntry = (entry: Entry, given: unknown): unknown => {
  if (isGroup(entry))
    return given === undefined && !entry.always ? undefined : settle(entry.entries, given ?? {});
  const value = given ?? (given === null ? null : entry.default);
  return value === undefined ? undefined : entry.kind.settle(value);
};
