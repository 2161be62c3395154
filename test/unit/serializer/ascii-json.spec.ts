import { toAscii } from '../../../lib/serializer/ascii-json.js';

describe('toAscii', () => {
  it.each([
    ['"plain ~ text"', '"plain ~ text"'],
    ['"é"', '"\\u00e9"'],
    ['"\u007f"', '"\\u007f"'],
    ['"😀"', '"\\ud83d\\ude00"'],
    ['{"ключ":"\u2028"}', '{"\\u043a\\u043b\\u044e\\u0447":"\\u2028"}'],
    [JSON.stringify('\n\t\u0000\ud800"\\'), '"\\n\\t\\u0000\\ud800\\"\\\\"'],
  ])('%j', (json, ascii) => {
    expect(toAscii(json)).toBe(ascii);
    expect(JSON.parse(ascii)).toEqual(JSON.parse(json));
  });
});
