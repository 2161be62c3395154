import { readFileSync } from 'node:fs';
import { JsonSerializer } from '../../../../lib/serializer/json-serializer.js';
import { SharedCodec } from '../../../support/shared-codec.js';
import { SessionSigner } from '../../../../lib/session/wire/session-signer.js';

interface Vector {
  readonly name: string;
  readonly secret_key: string;
  readonly secret_key_hex?: string;
  readonly secret_key_fallbacks?: readonly string[];
  readonly encoded: string;
  readonly timestamp: number;
  readonly timestamp_b62: string;
  readonly json: string;
  readonly js_encodes_identically: boolean;
}

interface Vectors {
  readonly salt: string;
  readonly encode: readonly Vector[];
  readonly fallbacks: readonly Vector[];
  readonly tampered: readonly Vector[];
  readonly signed_but_unusual: readonly Vector[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/django-sessions.json', import.meta.url), 'utf8'),
) as Vectors;

const serializer = new JsonSerializer();

const codecOf = ({ secret_key, secret_key_hex, secret_key_fallbacks, timestamp }: Vector): SharedCodec => {
  const primary = secret_key_hex === undefined ? secret_key : Buffer.from(secret_key_hex, 'hex');
  const signer = new SessionSigner([primary, ...(secret_key_fallbacks ?? [])], vectors.salt);
  return new SharedCodec(signer, serializer, { now: () => timestamp * 1000 });
};

const NOT_JSON = new Set(['nan-infinity']);

describe('Sessions as Django writes them', () => {
  const readable = vectors.encode.filter(({ name }) => !NOT_JSON.has(name));

  it.each(readable)('S31 reads $name', (vector) => {
    const { data, json, problem } = codecOf(vector).decode(vector.encoded);
    expect(problem).toBeUndefined();
    expect(data).toEqual(serializer.loads(vector.json));
    expect(json).toBe(vector.json);
  });

  it.each(vectors.encode.filter((vector) => vector.js_encodes_identically))(
    'S31 writes $name byte for byte',
    (vector) => {
      const codec = codecOf(vector);
      const json = codec.toJson(serializer.loads(vector.json) as Record<string, unknown>);
      expect(codec.seal(json)).toBe(vector.encoded);
    },
  );

  it.each(readable)('S31 writes $name so that it reads the same', (vector) => {
    const codec = codecOf(vector);
    const data = serializer.loads(vector.json) as Record<string, unknown>;
    const written = codec.seal(codec.toJson(data));
    expect(written.split(':')[1]).toBe(vector.timestamp_b62);
    expect(codec.decode(written)).toMatchObject({ data });
  });

  it('S33 takes the NaN of Python for undecodable', () => {
    const vector = vectors.encode.find(({ name }) => NOT_JSON.has(name))!;
    expect(codecOf(vector).decode(vector.encoded)).toMatchObject({
      data: {},
      problem: expect.stringContaining('cannot be decoded') as string,
    });
  });

  it.each(vectors.fallbacks)('S36 $name', (vector) => {
    expect(codecOf(vector).decode(vector.encoded).data).toEqual(JSON.parse(vector.json));
  });

  it.each(vectors.tampered)('S32 S33 $name is empty', (vector) => {
    const decoded = codecOf(vector).decode(vector.encoded);
    expect(decoded.data).toEqual({});
    expect(decoded.problem).toBeDefined();
  });

  it.each(vectors.signed_but_unusual)('S34 $name', (vector) => {
    const expected = vector.name === 'signed-padded-base64' ? { a: 1 } : {};
    expect(codecOf(vector).decode(vector.encoded).data).toEqual(expected);
  });
});
