import { describeValue } from '../common/describe-value.js';
import type { JsonPlace } from '../serializer/json-path.js';
import { refuse } from '../serializer/json-refusal.js';

/** The TypeError for a stored value that is not what it was said to be. Names its type and length, not itself. */
export function unexpected(place: JsonPlace | undefined, expected: string, raw: unknown): TypeError {
  return refuse(place, `expected ${expected}, not ${describeValue(raw)}`);
}

/** The groups of a pattern that `raw` is a text of. */
export function matchText(
  pattern: RegExp,
  place: JsonPlace | undefined,
  expected: string,
  raw: unknown,
): Readonly<Record<string, string | undefined>> {
  const match = typeof raw === 'string' ? pattern.exec(raw) : null;
  if (!match) throw unexpected(place, expected, raw);
  return match.groups ?? {};
}

/** Runs a parser that throws a RangeError for what cannot be, such as 30 February. */
export function parseOr<T>(place: JsonPlace | undefined, expected: string, raw: unknown, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw unexpected(place, expected, raw);
  }
}
