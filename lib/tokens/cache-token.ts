import { Inject } from '@nestjs/common';

/** The injection token of a cache made by `CodexRedisModule.registerCache({ name })`. */
export const getCacheToken = (name: string): string => `CodexRedis cache "${name}"`;

/** Injects a cache made by `CodexRedisModule.registerCache({ name })`. */
export const InjectCache = (name: string): ParameterDecorator & PropertyDecorator =>
  Inject(getCacheToken(name));
