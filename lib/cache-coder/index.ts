export { Decimal } from 'decimal.js';
export { Temporal } from 'temporal-polyfill';
export { CacheCoder, type ValueShape } from './cache-coder.js';
export type { DatetimeOptions, DatetimeValue } from './datetime.js';
export type { Hints, JsonValue, Loaded, Shape, ZonedHint } from './shape.js';
export type { Storable } from './storable.js';
