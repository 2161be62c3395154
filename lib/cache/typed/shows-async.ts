/** More than any schema has; those that make new parts at each look have no end. */
const MOST_PARTS = 10_000;

/**
 * True if a schema shows that it is asynchronous before it has met a value that takes it there: valibot says so of
 * itself, and zod's definition (`_zod.def`, for the authors of libraries) holds the functions of its refinements and
 * transformations.
 */
export const showsAsync = (schema: object): boolean => {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [schema];
  while (waiting.length > 0 && seen.size < MOST_PARTS) {
    const part = waiting.pop();
    if (part === null || (typeof part !== 'object' && typeof part !== 'function') || seen.has(part)) continue;
    seen.add(part);
    if ((part as { async?: unknown }).async === true || isAsyncFunction(part)) return true;
    waiting.push(...partsOf(part, part === schema));
  }
  return false;
};

const isAsyncFunction = (part: object): boolean =>
  typeof part === 'function' && Object.prototype.toString.call(part) === '[object AsyncFunction]';

/** Of a schema its definition alone: it has asynchronous methods of its own. */
const partsOf = (part: object, isSchema: boolean): unknown[] => {
  const definition = (part as { _zod?: { def?: unknown } })._zod?.def;
  if (definition !== undefined) return [definition];
  return isSchema || typeof part === 'function' ? [] : Object.values(part);
};
