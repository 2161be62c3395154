import 'reflect-metadata';
import { describeValue } from '../common/describe-value.js';
import type { Cache } from '../cache/cache.js';
import { checkText } from '../cache/cache-keys.js';
import { tagList } from '../cache/tags/tag-list.js';
import { type Timeout, timeoutToMs } from '../cache/timeout.js';
import { checkOptions } from '../common/checked-options.js';
import { keyOf, type CacheKey } from '../cache/cache-key.js';
import { blameCaller } from '../cache/refused-value.js';
import type { JsonValue } from '../serializer/json-value.js';
import { injectCache } from './cache-of-instance.js';

/** Makes a key from the method's parameters. It may have fewer parameters; declare their types. */
export type MethodKey = (...parameters: never[]) => CacheKey;

/** The cache that a decorator uses. */
export interface CacheChoice {
  /** The name of a cache of `CodexRedisModule.registerCache()`. Default: the default cache. */
  readonly cache?: string | undefined;
}

type AsyncMethod = (...parameters: never[]) => Promise<unknown>;

/** The decorator's demand on a method's parameters, for the compiler. */
type TakesParametersOf<F, M extends AsyncMethod> = F extends (...parameters: Parameters<M>) => unknown
  ? unknown
  : { readonly 'the function must take the parameters of the method, or the first of them': never };

/** The demand of storing on the value of a method, for the compiler. */
type GivesJson<T> = [T] extends [JsonValue<T>]
  ? unknown
  : { readonly 'the value must be JSON': JsonValue<T> };

/** Decorates a method of instances that returns a promise, and whose parameters the function takes. */
export type MethodDecoratorFor<F> = <M extends AsyncMethod>(
  target: object & { readonly prototype?: undefined },
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & TakesParametersOf<F, M>,
) => void;

/** As `MethodDecoratorFor`, where what the promise gives is stored, so must be JSON. */
export type StoringDecoratorFor<F> = <M extends AsyncMethod>(
  target: object & { readonly prototype?: undefined },
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & TakesParametersOf<F, M> & GivesJson<Awaited<ReturnType<M>>>,
) => void;

type Call = (this: unknown, ...parameters: unknown[]) => unknown;

/** One call of a decorated method. */
export interface MethodCall {
  readonly cache: Cache;
  readonly parameters: readonly unknown[];
  /** Runs the method itself. */
  readonly run: () => unknown;
  /** The decorated method. */
  readonly callee: unknown;
}

/**
 * Replaces a method by `work`. The method's name, number of parameters, properties and metadata stay, since
 * Nest and other decorators read them there.
 */
export const decorate = (
  choice: CacheChoice,
  work: (call: MethodCall) => Promise<unknown>,
): ((target: object, name: string | symbol, descriptor: PropertyDescriptor) => void) => {
  return (target, name, descriptor) => {
    const method = descriptor.value as Call | undefined;
    if (typeof method !== 'function' || typeof target === 'function')
      throw new TypeError(`${String(name)}: only a method of an instance can be cached`);
    const label = `${target.constructor.name}.${String(name)}()`;
    const cacheOf = injectCache(target, choice.cache, label);
    const decorated: Call = async function (...parameters) {
      const run = (): unknown => method.apply(this, parameters);
      return await work({ cache: cacheOf(this), parameters, run, callee: decorated });
    };
    Object.defineProperties(decorated, Object.getOwnPropertyDescriptors(method));
    for (const key of Reflect.getOwnMetadataKeys(method) as unknown[])
      Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), decorated);
    descriptor.value = decorated;
  };
};

/**
 * The key of a call.
 *
 * @throws TypeError for parts that are not JSON, and for anything but a key
 */
export const keyOfCall = (key: MethodKey, { parameters }: MethodCall): string => {
  const made = keyOf(key(...(parameters as never[])));
  checkText(made, 'key');
  return made;
};

/** Stores the value of a call. If the value cannot be stored, the caller of the method is told. */
export const storing = async <T>(
  { callee }: MethodCall,
  key: string,
  store: () => Promise<T>,
): Promise<T> => {
  try {
    return await store();
  } catch (error) {
    throw blameCaller(error, callee, [key]);
  }
};

/** The options of a decorator that it passes on to the cache. */
export const callOptions = <O extends CacheChoice>(options: O): Omit<O, 'cache'> => {
  const { cache, ...rest } = options;
  return rest;
};

/**
 * Checks the options of a decorator when the class is made, not only at each call, when the method may have done its work.
 *
 * @throws TypeError, RangeError
 */
export const checkDecoratorOptions = (
  decorator: object,
  name: string,
  names: readonly string[],
  options: CacheChoice & { readonly timeout?: unknown; readonly tags?: unknown },
): void => {
  if (typeof (options as unknown) !== 'object' || (options as unknown) === null)
    throw new TypeError(`@${name}: expected an object of options, got ${describeValue(options)}`);
  checkOptions(options, { names: [...names, 'cache'] }, decorator, name);
  const { timeout, tags, cache } = options;
  if (timeout !== undefined && typeof timeout !== 'function') timeoutToMs(timeout as Timeout);
  if (typeof tags !== 'function') tagList(tags, true);
  if (cache !== undefined && (typeof (cache as unknown) !== 'string' || cache === ''))
    throw new TypeError(`@${name}: cache: expected the name of a cache, got ${describeValue(cache)}`);
};

/** @throws TypeError when a decorator was given no function of keys */
export const checkKey = (decorator: string, key: unknown): void => {
  if (typeof key !== 'function')
    throw new TypeError(
      `${decorator}: expected a function that makes the key of the method's parameters, such as ` +
        `(id: number) => ['product', id]; got ${describeValue(key)}`,
    );
};
