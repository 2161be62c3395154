import { optionRows } from './option.js';
import { type CodexRedisOptions, moduleOptions } from './options.js';

/** True if NODE_ENV is `production`: cookies are `secure` by default then. */
export const isProduction = (): boolean => process.env['NODE_ENV'] === 'production';

/**
 * The values read from the environment, by the paths of the options, so that a problem can name the variable. Survives a
 * spread.
 */
export const FROM_ENVIRONMENT: unique symbol = Symbol('CodexRedis options from the environment');

/**
 * Options from environment variables. An empty variable counts as unset. Sessions are on when PROJECT_NAME or
 * SECRET_KEY is set; the check of the options then asks for both.
 */
export const optionsFromEnvironment = (environment: NodeJS.ProcessEnv): CodexRedisOptions => {
  const read = new Map<string, unknown>();
  const options: Record<string | symbol, unknown> = { [FROM_ENVIRONMENT]: read };
  for (const { path, kind, environment: name } of optionRows(moduleOptions)) {
    const text = name === undefined ? undefined : environment[name];
    if (text === undefined || text === '') continue;
    const value = kind.read(text);
    read.set(path, value);
    place(options, path, value);
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
