import { jest } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

interface RawJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
}

/** Node 20 has it behind a flag, which counts in realms that are made later. */
const rawJson = (): RawJson => {
  setFlagsFromString('--harmony-json-parse-with-source');
  return runInNewContext('JSON') as RawJson;
};

describe('JsonSerializer and JSON.rawJSON()', () => {
  it('C66 refuses it, alone and beside what the slow writer writes', async () => {
    const { rawJSON, isRawJSON } = rawJson();
    const own = Object.getOwnPropertyDescriptor(JSON, 'isRawJSON');
    Object.defineProperty(JSON, 'isRawJSON', { configurable: true, value: isRawJSON });
    try {
      jest.resetModules();
      const { JsonSerializer } = await import('../../../lib/serializer/json-serializer.js');
      const serializer = new JsonSerializer();
      const refusal = /^id: raw JSON comes back as what it stands for; store that itself$/;
      expect(() => serializer.dumps({ id: rawJSON('12345678901234567890') })).toThrow(refusal);
      expect(() => serializer.dumps({ id: rawJSON('1'), big: 2n ** 60n })).toThrow(refusal);
      expect(serializer.dumps(Object.assign(Object.create(null) as object, { id: 1 }))).toBe('{"id":1}');
    } finally {
      if (own === undefined) Reflect.deleteProperty(JSON, 'isRawJSON');
      else Object.defineProperty(JSON, 'isRawJSON', own);
    }
  });
});
