import { checkOptions } from '../../common/checked-options.js';
import { describeValue } from '../../common/describe-value.js';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import type { CacheKey } from '../cache-key.js';
import { tagList } from '../tags/tag-list.js';
import { type Timeout, timeoutToMs } from '../timeout.js';
import { schemaForm, type StandardSchema } from './standard-schema.js';
import type { ValueForm } from './value-form.js';

interface DefinitionBase<Id> {
  /** The first part of its keys: `{keyPrefix}:{version}:{name}:{key(id)}`. Letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** Makes the key of an id; parts of a list are encoded, so that no two lists meet. */
  readonly key: (id: Id) => CacheKey;
  /** The default of each call; the cache's own when left out. */
  readonly timeout?: Timeout | undefined;
  /** The tags of each entry, in a cache with tags. */
  readonly tags?: readonly string[] | undefined;
  /** The name of a cache made by `CodexRedisModule.registerCache()`; the default cache when left out. */
  readonly cache?: string | undefined;
}

/** A cache of values of one kind; what `defineCache` gives. */
export interface CacheDefinition<Id, In, Out> extends DefinitionBase<Id> {
  /** @throws ImproperlyConfiguredError for a schema that shows that it is asynchronous */
  readonly form: () => ValueForm<In, Out>;
}

/** The options of `defineCache`. */
export type CacheDefinitionOptions<Id, In, Out> = DefinitionBase<Id> &
  (
    | { /** Made by `CacheCoder.shape()`. */ readonly shape: ValueForm<In, Out>; readonly schema?: undefined }
    | {
        /** A synchronous Standard Schema. */ readonly schema: StandardSchema<In, Out>;
        readonly shape?: undefined;
      }
  );

const OPTIONS = ['name', 'key', 'shape', 'schema', 'timeout', 'tags', 'cache'];
const NAME = /^[\w.-]+$/;

/**
 * Describes a cache of values of one kind, for `CodexRedisModule.forFeature()` and `@InjectTypedCache()`.
 *
 * @throws ImproperlyConfiguredError for a name that could meet another, a missing key, neither or both of shape and
 *   schema; when the application starts, for an asynchronous schema.
 * @throws TypeError, RangeError for an unknown option, and for a wrong timeout or wrong tags.
 */
export const defineCache = <Id, In, Out>(
  options: CacheDefinitionOptions<Id, In, Out>,
): CacheDefinition<Id, In, Out> => {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    throw new ImproperlyConfiguredError(`defineCache takes an object, got ${describeValue(options)}`);
  const { name, key, shape, schema, timeout, tags, cache } = options;
  if (typeof (name as unknown) !== 'string' || !NAME.test(name))
    throw new ImproperlyConfiguredError(
      `defineCache: name must be of letters, digits, "_", "-" and ".", got ${describeValue(name)}`,
    );
  checkOptions(options, { names: OPTIONS }, { defineCache }, 'defineCache');
  if (timeout !== undefined) timeoutToMs(timeout);
  tagList(tags, true);
  if (typeof (key as unknown) !== 'function')
    throw new ImproperlyConfiguredError(`defineCache(${name}): key must be a function of the id`);
  if ((shape === undefined) === (schema === undefined))
    throw new ImproperlyConfiguredError(`defineCache(${name}): give a shape or a schema, one of them`);
  if (shape !== undefined && !isForm(shape))
    throw new ImproperlyConfiguredError(`defineCache(${name}): make the shape with CacheCoder.shape({ … })`);
  if (schema !== undefined && !isSchema(schema))
    throw new ImproperlyConfiguredError(`defineCache(${name}): the schema is not a Standard Schema`);
  const form = (): ValueForm<In, Out> => shape ?? schemaForm(name, schema);
  return { name, key, form, timeout, tags, cache };
};

const isForm = (shape: null | { readonly dump?: unknown; readonly load?: unknown }): boolean =>
  typeof shape?.dump === 'function' && typeof shape.load === 'function';

/** Some are functions with properties. */
const isSchema = (
  schema: null | { readonly '~standard'?: { readonly validate?: unknown } | undefined },
): boolean => typeof schema?.['~standard']?.validate === 'function';
