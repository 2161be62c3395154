import { randomUUID } from 'node:crypto';
import { SerializationError } from '../errors/serialization.error.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The shortest integer beyond 2^53 has this many digits. */
const LONG_RUN = 16;
const HALF_RUN = LONG_RUN / 2;

/**
 * Whether an exponent may carry a number beyond the range of a double; shorter ones need a long run of digits. What
 * must follow a number sorts out most hashes and UUIDs.
 */
const LARGE_EXPONENT = /\d[eE]\+?\d{3,}(?:$|[\s,}\]])/;

/** Stands before the digits of a big integer on its way through `JSON.parse`; nobody outside can know it. */
const MARK = `${randomUUID()}:`;

/**
 * What `JSON.parse` made of a text, corrected where it rounded: integers beyond ±(2^53−1) become BigInt.
 *
 * @param parsed the result of `JSON.parse(text)`.
 * @throws SerializationError for a number such as `1e400`, which `JSON.parse` turns into Infinity.
 */
export function parseExactly(text: string, parsed: unknown): unknown {
  if (!hasLongInteger(text) && !LARGE_EXPONENT.test(text)) return parsed;
  const marked = markBigIntegers(text);
  return marked === text ? parsed : reviveMarked(JSON.parse(marked));
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/**
 * Whether a run of digits may be an integer beyond 2^53. Looking at every 16th character cannot miss one, and
 * costs a fraction of a search through all of them.
 */
function hasLongInteger(text: string): boolean {
  const { length } = text;
  for (let at = LONG_RUN - 1; at < length; at += LONG_RUN) {
    if (!isDigit(text.charCodeAt(at))) continue;
    // A long run around this digit holds one of these two as well.
    if (!isDigit(text.charCodeAt(at - HALF_RUN)) && !isDigit(text.charCodeAt(at + HALF_RUN))) continue;
    let start = at;
    while (isDigit(text.charCodeAt(start - 1))) start -= 1;
    let end = at + 1;
    while (isDigit(text.charCodeAt(end))) end += 1;
    if (end - start >= LONG_RUN && mayBeginNumber(text, start)) return true;
    at = end - 1;
  }
  return false;
}

/** Not so for the digits of a fraction or of most strings: ids, hashes. Behind `: , [` or a blank, it may be. */
function mayBeginNumber(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1) === MINUS ? start - 2 : start - 1;
  return before < 0 || ':,[ \n\r\t'.includes(text.charAt(before));
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
