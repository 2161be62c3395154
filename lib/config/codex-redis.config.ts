import { registerAs } from '@nestjs/config';
import { optionsFromEnvironment } from './environment.js';
import type { CodexRedisOptions } from './options.js';

/**
 * The settings of the module as a namespace of `@nestjs/config`, read from the environment:
 * `CodexRedisModule.forRootAsync(codexRedisConfig.asProvider())`.
 */
export const codexRedisConfig = registerAs('codexRedis', (): CodexRedisOptions =>
  optionsFromEnvironment(process.env),
);
