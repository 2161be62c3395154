import { types } from 'node:util';
import type { JsonPlace } from '../serializer/json-path.js';
import { describeRefused, refuse } from '../serializer/json-refusal.js';
import { type Ancestors, enter, readPlainContainer } from '../serializer/plain-container.js';
import { dumpDate, dumpTime } from './date-and-time.js';
import { dumpDatetime, isDatetime } from './datetime.js';
import { dumpDecimal, isDecimal } from './decimal.js';
import { dumpBigint, dumpBytes, isBytes } from './scalars.js';
import type { JsonValue } from './shape.js';
import { isTemporal } from './temporal-kind.js';
import { dumpTimedelta } from './timedelta.js';

/** JSON of a nested value; see `CacheCoder.dump`. */
export function dumpNested(value: unknown, place?: JsonPlace, ancestors: Ancestors = []): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'bigint':
      return dumpBigint(value, place);
    case 'object':
      if (value === null) return null;
      return (
        dumpScalarObject(value, place) ??
        enter(value, place, ancestors, () => dumpContainer(value, place, ancestors))
      );
    default:
  }
  throw refuse(place, describeRefused(value));
}

function dumpScalarObject(value: object, place: JsonPlace | undefined): JsonValue | undefined {
  if (isDatetime(value)) return dumpDatetime(value, {}, place);
  if (isTemporal('Temporal.PlainDate', value)) return dumpDate(value, place);
  if (isTemporal('Temporal.PlainTime', value)) return dumpTime(value, place);
  if (isTemporal('Temporal.Duration', value)) return dumpTimedelta(value, place);
  if (isDecimal(value)) return dumpDecimal(value, place);
  if (isBytes(value)) return dumpBytes(value, place);
  return undefined;
}

function dumpContainer(container: object, parent: JsonPlace | undefined, ancestors: Ancestors): JsonValue {
  const dumpItem = (item: unknown, key: string | number): JsonValue =>
    dumpNested(item, { parent, key }, ancestors);
  if (types.isSet(container)) return [...container].map(dumpItem);
  if (types.isMap(container))
    return [...container].map((entry, key) => dumpEntry(entry, { parent, key }, ancestors));
  const contents = readPlainContainer(container, parent);
  if (contents.isArray) return contents.items.map(dumpItem);
  return Object.fromEntries(contents.entries.map(([key, item]) => [key, dumpItem(item, key)]));
}

function dumpEntry([key, value]: [unknown, unknown], parent: JsonPlace, ancestors: Ancestors): JsonValue {
  return [dumpNested(key, { parent, key: 0 }, ancestors), dumpNested(value, { parent, key: 1 }, ancestors)];
}
