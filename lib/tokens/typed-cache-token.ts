import { Inject } from '@nestjs/common';
import { describeValue } from '../common/describe-value.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';

/** The injection token of a typed cache. Nest shows its `name` when there is none. */
export interface TypedCacheToken {
  (): void;
  readonly definition: TypedCacheName;
}

/** The mark of a typed cache. */
export interface TypedCacheName {
  readonly name: string;
  readonly cache?: string | undefined;
}

const tokens = new WeakMap<TypedCacheName, TypedCacheToken>();

/**
 * Refuses what `defineCache()` did not make.
 *
 * @throws ImproperlyConfiguredError
 */
export const checkDefinition = (caller: string, definition: unknown): void => {
  const { name, form } = (definition ?? {}) as { readonly name?: unknown; readonly form?: unknown };
  if (typeof name === 'string' && typeof form === 'function') return;
  throw new ImproperlyConfiguredError(
    `${caller}: expected what defineCache() made, got ${describeValue(definition)}` +
      (definition === undefined
        ? '. Files that import each other see undefined here: move the definition to a file of its own'
        : ''),
  );
};

/** The injection token of the typed cache that `CodexRedisModule.forFeature([definition])` makes. */
export const getTypedCacheToken = (definition: TypedCacheName): TypedCacheToken =>
  tokenOf('getTypedCacheToken()', definition);

const tokenOf = (caller: string, definition: TypedCacheName): TypedCacheToken => {
  checkDefinition(caller, definition);
  let token = tokens.get(definition);
  if (token === undefined) {
    token = Object.defineProperty(
      Object.assign(() => undefined, { definition }),
      'name',
      { value: `typed cache ${JSON.stringify(definition.name)} (see CodexRedisModule.forFeature())` },
    );
    tokens.set(definition, token);
  }
  return token;
};

/** Injects the typed cache of a definition: `@InjectTypedCache(products) products: TypedCacheOf<typeof products>`. */
export const InjectTypedCache = (definition: TypedCacheName): ParameterDecorator & PropertyDecorator =>
  Inject(tokenOf('@InjectTypedCache()', definition));
