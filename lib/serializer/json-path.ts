/** The place of a value inside the one that is written; `undefined` is the outermost value itself. */
export interface JsonPlace {
  readonly parent: JsonPlace | undefined;
  readonly key: string | number;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const LONGEST_KEY = 60;
const MOST_STEPS = 12;

/** `user.tags[3]["odd name"]`; long keys and long paths are shortened in the middle. */
export function formatPath(place: JsonPlace | undefined): string {
  const steps: string[] = [];
  for (let at = place; at !== undefined; at = at.parent) steps.unshift(formatStep(at.key));
  if (steps.length > MOST_STEPS) steps.splice(MOST_STEPS / 2, steps.length - MOST_STEPS, ' … ');
  const path = steps.join('');
  return path.startsWith('.') ? path.slice(1) : path;
}

function formatStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  if (key.length > LONGEST_KEY) return `[${JSON.stringify(`${key.slice(0, LONGEST_KEY)}…`)}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
