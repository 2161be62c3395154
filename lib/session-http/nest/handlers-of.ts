import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Handler } from '../../common/handlers.js';

/** The class of a controller or a provider. */
interface FoundClass {
  readonly module: Type;
  readonly owner: Type;
}

/** A method of a controller or a provider. */
export interface FoundHandler extends FoundClass {
  readonly name: string;
  readonly handler: Handler;
}

type Kinds = readonly ('controllers' | 'providers')[];

/** Every method that may be a handler. */
export function* handlersOf(modules: ModulesContainer, kinds: Kinds): Generator<FoundHandler> {
  for (const { module, owner } of classesOf(modules, kinds))
    for (const [name, handler] of methodsOf(owner)) yield { module, owner, name, handler };
}

export function* classesOf(modules: ModulesContainer, kinds: Kinds): Generator<FoundClass> {
  for (const module of modules.values())
    for (const kind of kinds)
      for (const { metatype } of module[kind].values())
        if (typeof metatype === 'function' && typeof metatype.prototype === 'object')
          yield { module: module.metatype, owner: metatype as Type };
}

/** The methods of a class and of its base classes. */
export function* methodsOf(owner: Type): Generator<[string, Handler]> {
  for (
    let at = owner.prototype as object | null;
    at !== null && at !== Object.prototype;
    at = Reflect.getPrototypeOf(at)
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && name !== 'constructor') yield [name, value as Handler];
}
