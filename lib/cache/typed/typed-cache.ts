import { cacheLogger } from '../../common/loggers.js';
import { ImproperlyConfiguredError } from '../../errors/improperly-configured.error.js';
import type { Cache } from '../cache.js';
import { keyOf } from '../cache-key.js';
import { checkCall, type VersionOptions, type WriteOptions } from '../call-options.js';
import type { FactoryContext } from '../read-through/factory-run.js';
import type { GetOrSetOptions } from '../read-through/get-or-set-options.js';
import { blameCaller, refusedDump } from '../refused-value.js';
import { invalidateTags } from '../tag-invalidation.js';
import type { Timeout } from '../timeout.js';
import type { CacheDefinition } from './define-cache.js';
import type { ValueForm } from './value-form.js';

/**
 * The calls of a CacheService for values of one kind, by the same names and meanings. A stored value that does not fit
 * the definition any more, since a deploy changed it, counts as missing.
 */
export class TypedCache<Id, In, Out> {
  readonly #form: ValueForm<In, Out>;
  readonly #cacheOf: () => Cache;
  readonly #discarding = new Map<string, Promise<unknown>>();
  #mismatches = 0;

  /** @param cacheOf asked at each call, since a named cache may be made after this one */
  constructor(
    private readonly definition: CacheDefinition<Id, In, Out>,
    cacheOf: () => Cache,
  ) {
    this.#form = definition.form();
    this.#cacheOf = cacheOf;
  }

  /** The number of entries this process has read that did not fit the definition. */
  get mismatches(): number {
    return this.#mismatches;
  }

  /** The value of an id, `undefined` when there is none. */
  async get(id: Id, options?: VersionOptions): Promise<Out | undefined> {
    checkCall(options, this, 'get');
    const stored: unknown = await this.#cacheOf().get(this.#keyOf(id), undefined, options);
    return stored === undefined ? undefined : this.#loaded(stored)?.value;
  }

  /** The values of those ids that have one, in one round trip. */
  async getMany(ids: Iterable<Id>, options?: VersionOptions): Promise<Map<Id, Out>> {
    checkCall(options, this, 'getMany');
    const asked = [...ids].map((id) => [id, this.#keyOf(id)] as const);
    const stored = await this.#cacheOf().getMany(
      asked.map(([, key]) => key),
      options,
    );
    const found = new Map<Id, Out>();
    for (const [id, key] of asked) {
      const loaded = stored.has(key) ? this.#loaded(stored.get(key)) : undefined;
      if (loaded !== undefined) found.set(id, loaded.value);
    }
    return found;
  }

  /**
   * Stores a value, whatever was there before.
   *
   * @throws TypeError for a value that does not fit the definition
   */
  async set(id: Id, value: In, timeout?: Timeout | WriteOptions): Promise<void> {
    checkCall(timeout, this, 'set');
    const key = this.#keyOf(id);
    try {
      await this.#cacheOf().set(key, this.#dump(key, value), this.#options(timeout));
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'set'));
    }
  }

  /** Stores all entries of a Map or pairs in one round trip, or none when one cannot be stored. */
  async setMany(entries: Iterable<readonly [Id, In]>, timeout?: Timeout | WriteOptions): Promise<void> {
    checkCall(timeout, this, 'setMany');
    const keyed = [...entries].map(([id, value]) => [this.#keyOf(id), value] as const);
    try {
      const dumped = keyed.map(([key, value]) => [key, this.#dump(key, value)] as const);
      await this.#cacheOf().setMany(dumped, this.#options(timeout));
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'setMany'));
    }
  }

  /** Deletes the entry of an id; whether there was one. */
  async delete(id: Id, options?: VersionOptions): Promise<boolean> {
    checkCall(options, this, 'delete');
    return await this.#cacheOf().delete(this.#keyOf(id), options);
  }

  /** The value of an id; when there is none, the factory's, which is stored. A hit and a miss give the same. */
  async getOrSet(
    id: Id,
    factory: (context: FactoryContext<Out>) => In | Promise<In>,
    options?: Timeout | GetOrSetOptions<Out>,
  ): Promise<Out> {
    checkCall(options, this, 'getOrSet');
    const key = this.#keyOf(id);
    try {
      return await this.#getOrSet(key, this.#dumping(key, factory), this.#readOptions(options));
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'getOrSet'), [key]);
    }
  }

  /**
   * The values of many ids; those that are missing are loaded by one call and stored. An id that the loader leaves out has
   * no value.
   *
   * @param loader is given the missing ids, and returns a Map or pairs
   * @throws TypeError when the loader returns an id it was not given
   */
  async getOrSetMany(
    ids: Iterable<Id>,
    loader: (missing: Id[]) => Iterable<readonly [Id, In]> | Promise<Iterable<readonly [Id, In]>>,
    options?: Timeout | Omit<GetOrSetOptions<Out>, 'nullTimeout'>,
  ): Promise<Map<Id, Out>> {
    checkCall(options, this, 'getOrSetMany');
    const asked = new Map([...ids].map((id) => [this.#keyOf(id), id]));
    const given = this.#readOptions(options);
    const load = async (keys: string[]): Promise<[string, unknown][]> => {
      const missing = keys.map((key) => asked.get(key) as Id);
      return [...(await loader(missing))].map(([id, value]) => {
        const key = this.#keyOf(id);
        return [key, this.#dump(key, value)];
      });
    };
    const found = new Map<Id, Out>();
    /** @returns the keys whose values do not fit */
    const take = (values: ReadonlyMap<string, unknown>): string[] =>
      [...values].flatMap(([key, value]) => {
        const loaded = this.#loaded(value);
        if (loaded !== undefined) found.set(asked.get(key) as Id, loaded.value);
        return loaded === undefined && value !== null ? [key] : [];
      });
    try {
      const unfit = take(await this.#cacheOf().getOrSetMany(asked.keys(), load, given));
      await Promise.all(unfit.map((key) => this.#discard(key, given.version)));
      if (unfit.length > 0) take(await this.#cacheOf().getOrSetMany(unfit, load, given));
    } catch (error) {
      throw blameCaller(error, Reflect.get(this, 'getOrSetMany'), [...asked.keys()]);
    }
    return found;
  }

  /** Invalidates every entry of the cache, of whatever kind, that carries one of these tags. */
  async invalidateTags(...tags: readonly string[]): Promise<void> {
    await invalidateTags(this.#cacheOf(), tags);
  }

  async #getOrSet(
    key: string,
    made: (context: FactoryContext) => Promise<unknown>,
    options: GetOrSetOptions,
  ): Promise<Out> {
    const stored = await this.#cacheOf().getOrSet<unknown>(key, made, options);
    const loaded = this.#loaded(stored);
    if (loaded !== undefined) return loaded.value;
    await this.#discard(key, options.version);
    return this.#form.load(await this.#cacheOf().getOrSet<unknown>(key, made, options));
  }

  #dump(key: string, value: In): unknown {
    try {
      return this.#form.dump(value);
    } catch (error) {
      throw refusedDump(key, error);
    }
  }

  #keyOf(id: Id): string {
    return `${this.definition.name}:${keyOf(this.definition.key(id))}`;
  }

  /** Makes what is stored. */
  #dumping(
    key: string,
    factory: (context: FactoryContext<Out>) => In | Promise<In>,
  ): (context: FactoryContext) => Promise<unknown> {
    return async (context) => {
      let isKept = false;
      const stale = context.stale === undefined ? undefined : this.#loaded(context.stale)?.value;
      const keep = (): never => {
        if (stale !== undefined) isKept = true;
        return context.keep();
      };
      const value = await factory({ signal: context.signal, skip: context.skip, stale, keep });
      return (isKept as boolean) ? undefined : this.#dump(key, value);
    };
  }

  /** The options of a read. Their functions are given a value of this kind, not the stored form. */
  #readOptions(call: Timeout | GetOrSetOptions<Out> | undefined): GetOrSetOptions {
    if (typeof call !== 'object' || call === null) return this.#options(call);
    const ofStored =
      <T>(given: (value: Out) => T) =>
      (stored: unknown): T =>
        given(this.#form.load(stored));
    const { timeout, tags } = call;
    return this.#options<GetOrSetOptions>({
      ...(call as GetOrSetOptions),
      ...(typeof timeout === 'function' && { timeout: ofStored(timeout) }),
      ...(typeof tags === 'function' && { tags: ofStored(tags) }),
    });
  }

  /** Those of the call before those of the definition. */
  #options<O extends WriteOptions | GetOrSetOptions>(call: Timeout | O | undefined): O {
    const { timeout, tags } = this.definition;
    const own = { ...(timeout !== undefined && { timeout }), ...(tags !== undefined && { tags }) };
    if (call === undefined) return own as O;
    return typeof call === 'object' && call !== null ? { ...own, ...call } : ({ ...own, timeout: call } as O);
  }

  #loaded(stored: unknown): { readonly value: Out } | undefined {
    try {
      return { value: this.#form.load(stored) };
    } catch (error) {
      if (error instanceof ImproperlyConfiguredError) throw error;
      if (this.#mismatches++ === 0)
        cacheLogger.warn(
          `The typed cache "${this.definition.name}" has read an entry that does not fit its definition, and takes it as missing: ` +
            (error instanceof Error ? error.message : typeof error),
        );
      return undefined;
    }
  }

  /**
   * Callers who met the same entry delete it once. An entry that is stored meanwhile may go too, and is made again.
   */
  async #discard(key: string, version: number | undefined): Promise<void> {
    const name = `${version ?? ''}:${key}`;
    let discarding = this.#discarding.get(name);
    if (discarding === undefined) {
      discarding = this.#cacheOf()
        .delete(key, { version })
        .finally(() => this.#discarding.delete(name));
      this.#discarding.set(name, discarding);
    }
    await discarding;
  }
}

/** The typed cache of a definition: `TypedCacheOf<typeof products>`. */
export type TypedCacheOf<D> =
  D extends CacheDefinition<infer Id, infer In, infer Out> ? TypedCache<Id, In, Out> : never;
