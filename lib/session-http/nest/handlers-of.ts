import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Handler } from '../../common/handlers.js';

/** A method of a controller or a provider. */
export interface FoundHandler {
  readonly module: Type;
  readonly owner: Type;
  readonly name: string;
  readonly handler: Handler;
}

/** Every method that may be a handler. */
export function* handlersOf(
  modules: ModulesContainer,
  kinds: readonly ('controllers' | 'providers')[],
): Generator<FoundHandler> {
  for (const module of modules.values())
    for (const kind of kinds)
      for (const { metatype } of module[kind].values())
        if (typeof metatype === 'function' && typeof metatype.prototype === 'object')
          for (const [name, handler] of methodsOf(metatype as Type))
            yield { module: module.metatype, owner: metatype as Type, name, handler };
}

function* methodsOf(owner: Type): Generator<[string, Handler]> {
  for (
    let at = owner.prototype as object | null;
    at !== null && at !== Object.prototype;
    at = Reflect.getPrototypeOf(at)
  )
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (typeof value === 'function' && name !== 'constructor') yield [name, value as Handler];
}
