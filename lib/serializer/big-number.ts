import { randomUUID } from 'node:crypto';
import { SerializationError } from '../errors/serialization.error.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The shortest integer beyond 2^53 has this many digits. */
const LONG_RUN = 16;

/**
 * Finds text that `JSON.parse` may have rounded, in strings too: a number that begins with a long run of digits, or an
 * exponent that may carry one beyond the range of a double. The characters that must follow an exponent exclude most
 * hashes and UUIDs.
 *
 * The digits are written out since V8 skips text by them, but not by a quantifier, which takes six times as long.
 */
const PERHAPS_ROUNDED = new RegExp(
  `\\d[eE]\\+?\\d{3,}(?:$|[,}\\]\\s])|(?:^|[-:,[\\s])${'\\d'.repeat(LONG_RUN)}`,
);

/** Stands before the digits of a big integer on its way through `JSON.parse`; nobody outside can know it. */
const MARK = `${randomUUID()}:`;

/**
 * Corrects the result of `JSON.parse` where it rounded: integers beyond ±(2^53−1) become BigInt.
 *
 * @param parsed the result of `JSON.parse(text)`.
 * @throws SerializationError for a number such as `1e400`, which `JSON.parse` turns into Infinity.
 */
export function parseExactly(text: string, parsed: unknown): unknown {
  if (!PERHAPS_ROUNDED.test(text)) return parsed;
  const marked = markBigIntegers(text);
  return marked === text ? parsed : reviveMarked(JSON.parse(marked));
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** The text with every big integer turned into a marked string. The text is known to be valid JSON. */
function markBigIntegers(text: string): string {
  const number = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
  let result = '';
  let copied = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      number.lastIndex = at;
      const [literal = '', fraction, exponent] = number.exec(text) ?? [];
      const value = Number(literal);
      if (fraction === undefined && exponent === undefined) {
        if (!Number.isSafeInteger(value)) {
          result += `${text.slice(copied, at)}"${MARK}${literal}"`;
          copied = at + literal.length;
        }
      } else if (!Number.isFinite(value)) {
        throw new SerializationError(
          `The stored text of ${text.length} characters holds a number beyond the range of a double`,
        );
      }
      at += literal.length - 1;
    }
  }
  return copied === 0 ? text : result + text.slice(copied);
}

/** The index of the quote that closes the string opened at `open`. */
function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); ; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return close;
  }
}

/** Turns marked strings into BigInt, in place and without recursion: foreign text may nest at will. */
function reviveMarked(parsed: unknown): unknown {
  const root = { value: parsed };
  const open: object[] = [root];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    const entries = container as Record<string, unknown>;
    for (const key of Object.keys(entries)) {
      const value = entries[key];
      if (typeof value === 'object' && value !== null) open.push(value);
      else if (typeof value === 'string' && value.startsWith(MARK))
        entries[key] = BigInt(value.slice(MARK.length));
    }
  }
  return root.value;
}
