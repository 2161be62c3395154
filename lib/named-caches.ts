import { type InjectionToken } from '@nestjs/common';
import { type ModulesContainer } from '@nestjs/core';
import { ImproperlyConfiguredError } from './errors/improperly-configured.error.js';
import { cacheNameOf } from './tokens/cache-token.js';

type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Wrapper = Module['providers'] extends Map<InjectionToken, infer W> ? W : never;

/**
 * Compares the caches that were registered with those that `@InjectCache()` asks for.
 *
 * @throws ImproperlyConfiguredError for a name that is registered twice, or asked for and not registered.
 */
export const checkCacheNames = (modules: ModulesContainer): void => {
  const all = [...modules.values()];
  const known = all.flatMap((module) => namesIn([...module.providers.keys()]));
  const twice = known.find((name, index) => known.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ImproperlyConfiguredError(
      `The cache "${twice}" is registered twice: call registerCache() once for a name and import its result where it is needed`,
    );
  const unknown = all
    .flatMap(wrappersOf)
    .flatMap(wantedBy)
    .find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new ImproperlyConfiguredError(
      `@InjectCache("${unknown}") asks for a cache that is not registered; ${listed(known)}. ` +
        `Import CodexRedisModule.registerCache({ name: "${unknown}", … })`,
    );
};

const listed = (known: readonly string[]): string =>
  known.length === 0 ? 'none is' : `registered are ${known.map((name) => `"${name}"`).join(', ')}`;

const namesIn = (tokens: readonly unknown[]): string[] =>
  tokens.map(cacheNameOf).filter((name) => name !== undefined);

const wrappersOf = (module: Module): Wrapper[] => [
  ...module.providers.values(),
  ...(module.controllers.values() as Iterable<Wrapper>),
  ...(module.injectables.values() as Iterable<Wrapper>),
];

/** Where Nest keeps what `@Inject()` and `@Optional()` say of a class; it exports no names for them. */
const INJECTED_PARAMETERS = 'self:paramtypes';
const INJECTED_PROPERTIES = 'self:properties_metadata';
const OPTIONAL_PARAMETERS = 'optional:paramtypes';
const OPTIONAL_PROPERTIES = 'optional:properties_metadata';

const wantedBy = ({ metatype, inject }: Wrapper): string[] => {
  if (typeof metatype !== 'function') return [];
  if (inject) return namesIn(inject);
  const read = <T>(key: string, target: object): T[] =>
    (Reflect.getMetadata(key, target) as T[] | undefined) ?? [];
  const optionalParameters = read<number>(OPTIONAL_PARAMETERS, metatype);
  const optionalProperties = read<string>(OPTIONAL_PROPERTIES, metatype);
  return namesIn([
    ...read<{ index: number; param: unknown }>(INJECTED_PARAMETERS, metatype)
      .filter(({ index }) => !optionalParameters.includes(index))
      .map(({ param }) => param),
    ...read<{ key: string; type: unknown }>(INJECTED_PROPERTIES, metatype)
      .filter(({ key }) => !optionalProperties.includes(key))
      .map(({ type }) => type),
  ]);
};
