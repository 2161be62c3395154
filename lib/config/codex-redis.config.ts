import { inspect } from 'node:util';
import { registerAs } from '@nestjs/config';
import { optionsFromEnvironment } from './environment.js';
import type { CodexRedisOptions } from './options.js';

const VEIL = '[options of CodexRedisModule]';

/** `ConfigService` holds the options with passwords and keys in clear text. A log shows a placeholder instead. */
const veiled = (options: CodexRedisOptions): CodexRedisOptions =>
  Object.defineProperties(options, {
    toJSON: { value: () => VEIL },
    [inspect.custom]: { value: () => VEIL },
  });

/**
 * The settings of the module as a namespace of `@nestjs/config`, read from the environment:
 * `CodexRedisModule.forRootAsync(codexRedisConfig.asProvider())`.
 */
export const codexRedisConfig = registerAs('codexRedis', (): CodexRedisOptions =>
  veiled(optionsFromEnvironment(process.env)),
);
