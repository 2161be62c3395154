import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import { showsAsync } from './shows-async.js';
import type { ValueForm } from './value-form.js';

type PathSegment = PropertyKey | { readonly key: PropertyKey };

type Validated<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly { readonly path?: readonly PathSegment[] | undefined }[] };

/** The common interface of zod, valibot, arktype and others: https://standardschema.dev */
export interface StandardSchema<In, Out> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Out> | Promise<Validated<Out>>;
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

/**
 * Stores a schema's input and gives its output.
 *
 * @throws ImproperlyConfiguredError for a schema that shows that it is asynchronous
 */
export const schemaForm = <In, Out>(name: string, schema: StandardSchema<In, Out>): ValueForm<In, Out> => {
  const output = (value: unknown): Out => {
    const result = validated(name, schema, value);
    if (result.issues === undefined) return result.value;
    throw new TypeError(`The value does not fit the schema of the cache "${name}": ${places(result.issues)}`);
  };
  if (showsAsync(schema)) throw asynchronous(name);
  validated(name, schema, undefined);
  return {
    dump: (value) => {
      output(value);
      return value;
    },
    load: output,
  };
};

const validated = <Out>(
  name: string,
  schema: StandardSchema<unknown, Out>,
  value: unknown,
): Validated<Out> => {
  const result = schema['~standard'].validate(value);
  if (!('then' in result)) return result;
  result.then(undefined, () => undefined);
  throw asynchronous(name);
};

const asynchronous = (name: string): ImproperlyConfiguredError =>
  new ImproperlyConfiguredError(
    `defineCache(${name}): the schema is asynchronous; a stored value is checked at each read, so it must not be`,
  );

/** The paths at which a value does not fit; the messages of issues may quote the value. */
const places = (issues: readonly { readonly path?: readonly PathSegment[] | undefined }[]): string =>
  issues
    .map(({ path = [] }) => path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.'))
    .map((path) => (path === '' ? 'the value itself' : path))
    .join(', ');
