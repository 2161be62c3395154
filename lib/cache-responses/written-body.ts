/** The part of Express' response and Fastify's reply that turns a value into a body. */
export interface BodyWriter {
  readonly app?: { get(setting: string): unknown };
  serialize?(body: unknown): unknown;
}

/** A body as it would be sent. */
export interface WrittenBody {
  readonly type: string | null;
  readonly body: string | Uint8Array | null;
}

/**
 * The body that the platform makes of what a handler returned; `undefined` where it cannot be known before it is sent.
 *
 * @param type the Content-Type that is set already
 * @throws what the platform throws for a value that cannot be sent
 */
export const writtenBody = (
  writer: BodyWriter,
  value: unknown,
  type: string | null,
): WrittenBody | undefined =>
  writer.serialize === undefined ? byExpress(writer, value, type) : byFastify(writer, value, type);

const byExpress = ({ app }: BodyWriter, value: unknown, type: string | null): WrittenBody | undefined => {
  if (value === undefined || value === null) return { type, body: null };
  if (typeof value !== 'object' && typeof value !== 'function')
    return { type: type ?? 'text/html; charset=utf-8', body: (value as { toString(): string }).toString() };
  const json = JSON.stringify(
    value,
    app?.get('json replacer') as (string | number)[] | undefined,
    app?.get('json spaces') as string | undefined,
  ) as string | undefined;
  if (json === undefined) return undefined;
  const body = app?.get('json escape') === true ? json.replace(/[<>&]/g, escaped) : json;
  return { type: type ?? 'application/json; charset=utf-8', body };
};

const escaped = (character: string): string => `\\u00${character.charCodeAt(0).toString(16)}`;

const byFastify = (writer: BodyWriter, value: unknown, type: string | null): WrittenBody | undefined => {
  if (value === undefined) return { type, body: null };
  if (typeof value === 'string') return { type: type ?? 'text/plain; charset=utf-8', body: value };
  if (ArrayBuffer.isView(value))
    return {
      type: type ?? 'application/octet-stream',
      body: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    };
  if (type !== null && !type.includes('json')) return undefined;
  const body = writer.serialize?.(value);
  return typeof body === 'string' ? { type: type ?? 'application/json; charset=utf-8', body } : undefined;
};

const STREAMING = ['pipe', 'getStream', 'getReader'];

/**
 * True if a value is sent piece by piece: a stream, a generator, a web Response, or an object around one, which Nest
 * sends in its place.
 */
export const isStreamed = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  return isStream(value) || Object.values(value).some(isStream);
};

const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Response ||
    (Symbol.asyncIterator in value && !('then' in value)) ||
    STREAMING.some((name) => typeof Reflect.get(value, name) === 'function'));
