/** Hooks for `node:module`'s register(): append the name of each package that is resolved to the file of LOADED_PACKAGES. */
import { appendFileSync } from 'node:fs';

export const resolve = async (specifier, context, next) => {
  const result = await next(specifier, context);
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(result.url) ?? [];
  if (name !== undefined) appendFileSync(process.env['LOADED_PACKAGES'], `${name}\n`);
  return result;
};
