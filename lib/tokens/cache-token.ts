import { Inject } from '@nestjs/common';

const PREFIX = 'CodexRedis cache ';

/** The injection token of a cache made by `CodexRedisModule.registerCache({ name })`. */
export const getCacheToken = (name: string): string => PREFIX + JSON.stringify(name);

/** The name behind a token of `getCacheToken()`, `undefined` for any other token. */
export const cacheNameOf = (token: unknown): string | undefined =>
  typeof token === 'string' && token.startsWith(PREFIX)
    ? (JSON.parse(token.slice(PREFIX.length)) as string)
    : undefined;

/** Injects a cache made by `CodexRedisModule.registerCache({ name })`. */
export const InjectCache = (name: string): ParameterDecorator & PropertyDecorator =>
  Inject(getCacheToken(name));
