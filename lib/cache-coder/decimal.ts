import { types } from 'node:util';
import { Decimal } from 'decimal.js';
import type { JsonPlace } from '../serializer/json-path.js';
import { refuse } from '../serializer/json-refusal.js';
import { matchText, unexpected } from './expected.js';

const TEXT = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|(?<special>inf|infinity|nan))$/i;
const EXPECTED = 'the text of a Decimal, such as 12.50';

/**
 * True for a Decimal that any copy or clone of decimal.js made, but not for an object of data with a key named like its
 * mark.
 */
export function isDecimal(value: unknown): value is Decimal {
  return (
    typeof value === 'object' &&
    value !== null &&
    !types.isProxy(value) &&
    !Object.hasOwn(value, 'toStringTag') &&
    Decimal.isDecimal(value)
  );
}

export function dumpDecimal(value: Decimal, place?: JsonPlace): string {
  if (!isDecimal(value)) throw unexpected(place, 'a Decimal of decimal.js', value);
  return value.valueOf();
}

/** Zeros at the end are not kept: decimal.js has no 1.50 beside 1.5. */
export function loadDecimal(raw: unknown, place?: JsonPlace): Decimal {
  const { special } = matchText(TEXT, place, EXPECTED, raw);
  const text = String(raw);
  if (special?.toLowerCase() === 'nan') return new Decimal(NaN);
  if (special !== undefined) return new Decimal(text.startsWith('-') ? -Infinity : Infinity);
  const value = new Decimal(text);
  const isZero = !/[1-9]/.test(text.replace(/e.*$/i, ''));
  if (!value.isFinite() || value.isZero() !== isZero) {
    throw refuse(place, 'the exponent is beyond what decimal.js is set to hold; see Decimal.set()');
  }
  return value;
}
