/** Hooks for `node:module`'s register(): print the name of each package that is resolved. */
import { writeSync } from 'node:fs';

export const resolve = async (specifier, context, next) => {
  const result = await next(specifier, context);
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(result.url) ?? [];
  if (name !== undefined) writeSync(1, `${name}\n`);
  return result;
};
