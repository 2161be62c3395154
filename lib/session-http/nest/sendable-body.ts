/** The part of Express' response and Fastify's reply that turns a body into text. */
export interface BodyWriter {
  readonly app?: { get(setting: 'json replacer'): ((key: string, value: unknown) => unknown) | undefined };
  serialize?(body: unknown): unknown;
  getHeader?(name: string): unknown;
}

/**
 * True if a body is known to become a response. If it does not, and no hook of the application helps it, the handler
 * has failed, and nothing of it must have been saved.
 */
export const isSendable = (writer: BodyWriter, body: unknown): boolean => {
  if (writer.serialize !== undefined && isRefusedByFastify(writer, body)) return false;
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return true;
  try {
    if (writer.serialize === undefined) JSON.stringify(body, writer.app?.get('json replacer'));
    else writer.serialize(body);
    return true;
  } catch {
    return false;
  }
};

/** Errors become error responses, and what is not text needs a content type of JSON. */
const isRefusedByFastify = (writer: BodyWriter, body: unknown): boolean => {
  if (body instanceof Error || typeof body === 'bigint') return true;
  if (body === null || body === undefined || typeof body === 'string' || ArrayBuffer.isView(body))
    return false;
  const type = writer.getHeader?.('content-type');
  return typeof type === 'string' && !type.includes('json');
};

const STREAMING = ['pipe', 'getStream', 'getReader'];

/** A body that may still fail into an error response, in which case nothing is to be saved. */
export const isStream = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Response || STREAMING.some((name) => typeof Reflect.get(value, name) === 'function'));
