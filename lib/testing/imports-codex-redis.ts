import { MODULE_METADATA } from '@nestjs/common/constants.js';
import { CodexRedisModule } from '../module/codex-redis.module.js';

/** An element of a module's imports: a class, a dynamic module, either of them later, or nothing yet. */
type Import =
  | (object & { readonly module?: object; readonly imports?: readonly Import[]; forwardRef?(): Import })
  | undefined;

/**
 * True if a module imports CodexRedisModule, at whatever depth. One that is still a promise counts: nobody knows yet.
 *
 * @param replaced what takes the place of modules
 */
export const importsCodexRedis = (
  root: object,
  replaced: ReadonlyMap<object, object> = new Map<object, object>(),
  seen = new Set<object>(),
): boolean => {
  const given = forwarded(root);
  const module: Import = given === undefined ? undefined : forwarded(replaced.get(given) ?? given);
  if (module === undefined || seen.has(module)) return false;
  seen.add(module);
  if (module instanceof Promise || module === CodexRedisModule || module.module === CodexRedisModule)
    return true;
  return importsOf(module).some((each) => each !== undefined && importsCodexRedis(each, replaced, seen));
};

const forwarded = (module: Import): Import =>
  typeof module?.forwardRef === 'function' ? module.forwardRef() : module;

const importsOf = (module: NonNullable<Import>): readonly Import[] => [
  ...declaredBy(module.module ?? module),
  ...(module.module === undefined ? [] : (module.imports ?? [])),
];

const declaredBy = (type: object): readonly Import[] =>
  (Reflect.getMetadata(MODULE_METADATA.IMPORTS, type) as readonly Import[] | undefined) ?? [];
