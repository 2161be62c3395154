import { Inject } from '@nestjs/common';

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

/** The injection token of the typed cache that `CodexRedisModule.forFeature([definition])` makes. */
export const getTypedCacheToken = (definition: TypedCacheName): TypedCacheToken => {
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
  Inject(getTypedCacheToken(definition));
