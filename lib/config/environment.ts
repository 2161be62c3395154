import { z } from 'zod';
import type { CodexRedisOptions } from './options.js';
import { SETTING_NAMES, type SettingName } from './setting-names.js';

/**
 * What was read from the environment, by the paths of the options, so that a problem can name the variable. Survives a
 * spread.
 */
export const FROM_ENVIRONMENT: unique symbol = Symbol('CodexRedis options from the environment');

type Reader = NonNullable<SettingName['reads']>;

const asBoolean = z.stringbool();

/**
 * Text that cannot be read stays text: the schema of the options then refuses it beside all other problems.
 */
const READERS: Readonly<Record<Reader, (text: string) => unknown>> = {
  text: (text) => text,
  number: (text) => numberOr(text),
  seconds: (text) => (text.toLowerCase() === 'none' ? null : numberOr(text)),
  boolean: (text) => booleanOr(text),
  list: (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  'text or none': (text) => (text.toLowerCase() === 'none' ? null : text),
  'text or unset': (text) => (text.toLowerCase() === 'none' ? undefined : text),
  'same site': (text) => (booleanOr(text) === false ? false : text.toLowerCase()),
};

const numberOr = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text);

const booleanOr = (text: string): unknown => {
  const result = asBoolean.safeParse(text);
  return result.success ? result.data : text;
};

/**
 * Options from environment variables. An empty variable counts as unset. Sessions are on when PROJECT_NAME or
 * SECRET_KEY is set; the schema then asks for both.
 */
export const optionsFromEnvironment = (environment: NodeJS.ProcessEnv): CodexRedisOptions => {
  const read = new Map<string, unknown>();
  const options: Record<string | symbol, unknown> = { [FROM_ENVIRONMENT]: read };
  for (const { option, environment: name, reads } of SETTING_NAMES) {
    const text = name === undefined ? undefined : environment[name];
    if (reads === undefined || text === undefined || text === '') continue;
    const value = READERS[reads](text);
    read.set(option, value);
    place(options, option, value);
  }
  const sessions = options['projectName'] !== undefined || options['secretKey'] !== undefined;
  if (sessions) options['session'] ??= {};
  else delete options['session'];
  return options;
};

const place = (options: Record<string, unknown>, path: string, value: unknown): void => {
  const segments = path.split('.');
  const last = segments.pop() ?? path;
  let target = options;
  for (const segment of segments) target = (target[segment] ??= {}) as Record<string, unknown>;
  target[last] = value;
};
