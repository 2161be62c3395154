const NOT_PRINTABLE_ASCII = /[^\x20-\x7e]/;
const EVERY_NOT_PRINTABLE_ASCII = /[^\x20-\x7e]/g;

/** The same JSON in printable ASCII only, as Python's `json.dumps` writes it: `é` becomes `\u00e9`. */
export function toAscii(json: string): string {
  return NOT_PRINTABLE_ASCII.test(json) ? json.replace(EVERY_NOT_PRINTABLE_ASCII, escapeUnit) : json;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
