import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { SerializerSource } from '../config/cache-options.js';
import { ImproperlyConfiguredError } from '../errors/improperly-configured.error.js';
import { isSerializer, type Serializer } from '../serializer/serializer.js';

/** Finds the serializers that options name: instances at once, classes and tokens when the application starts. */
export class Serializers {
  readonly #deferred: DeferredSerializer[] = [];
  #started = false;

  /** Private to the runtime too: it leads to everything in the application. */
  readonly #moduleRef: ModuleRef;

  constructor(
    private readonly standard: Serializer,
    moduleRef: ModuleRef,
  ) {
    this.#moduleRef = moduleRef;
  }

  /** @param place what stands before the name of the option in messages */
  for(source: SerializerSource | undefined, place: string): Serializer {
    if (source === undefined) return this.standard;
    if (isSerializer(source)) return source;
    const deferred = new DeferredSerializer(source, place, this.#moduleRef);
    this.#deferred.push(deferred);
    return deferred;
  }

  /**
   * Called when the application starts.
   *
   * @throws ImproperlyConfiguredError for a class or token that gives no serializer.
   */
  async resolve(): Promise<void> {
    this.#started = true;
    await Promise.all(this.#deferred.splice(0).map((serializer) => serializer.resolve()));
  }

  /** Serializers that are named by a module loaded later. */
  async resolveLate(): Promise<void> {
    if (this.#started) await this.resolve();
  }
}

/** Nest can give other providers' instances once all of them are made, which is after the caches are. */
class DeferredSerializer implements Serializer {
  #serializer: Serializer | undefined;

  readonly #moduleRef: ModuleRef;

  constructor(
    private readonly source: Exclude<SerializerSource, Serializer>,
    private readonly place: string,
    moduleRef: ModuleRef,
  ) {
    this.#moduleRef = moduleRef;
  }

  dumps(value: unknown): string {
    return this.#resolved().dumps(value);
  }

  loads(text: string): unknown {
    return this.#resolved().loads(text);
  }

  async resolve(): Promise<void> {
    const found = this.#provided() ?? (await this.#created());
    if (!isSerializer(found))
      throw new ImproperlyConfiguredError(
        `${this.place}serializer names no serializer: provide the class or token in the application, with dumps() and loads()`,
      );
    this.#serializer = found;
  }

  #resolved(): Serializer {
    if (this.#serializer === undefined)
      throw new ImproperlyConfiguredError(
        `${this.place}serializer is given by class or token and not there yet: use the cache after the application has started`,
      );
    return this.#serializer;
  }

  #provided(): unknown {
    try {
      return this.#moduleRef.get<unknown>(this.source, { strict: false });
    } catch {
      return undefined;
    }
  }

  async #created(): Promise<unknown> {
    return typeof this.source === 'function' ? this.#moduleRef.create(this.source as Type) : undefined;
  }
}
