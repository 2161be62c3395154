import type { OutgoingHttpHeader, ServerResponse } from 'node:http';

/** The error Node raises itself when a header is touched too late. */
export const headersAlreadySent = (action: 'set' | 'append' | 'remove' | 'write'): Error =>
  Object.assign(new Error(`Cannot ${action} headers after they are sent to the client`), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });

/** True if Node takes it as a chunk; anything else it refuses at once, before headers are sent. */
export const isWritable = (chunk: unknown): chunk is string | Uint8Array =>
  typeof chunk === 'string' || chunk instanceof Uint8Array;

/**
 * Lays the headers given to `writeHead` over those set before, as Node does: an object, a flat list of names and
 * values, or a list of pairs. An invalid one throws here, while its caller can still see it.
 */
export const mergeHeaders = (response: ServerResponse, headers: unknown): void => {
  if (headers === undefined || headers === null) return;
  if (Array.isArray(headers)) mergeList(response, headers);
  else
    for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader | undefined>))
      if (name !== '') response.setHeader(name, value as OutgoingHttpHeader);
};

const mergeList = (response: ServerResponse, headers: unknown[]): void => {
  const seen = new Set<string>();
  for (const [name, value] of Array.isArray(headers[0]) ? (headers as Pair[]) : pairs(headers)) {
    const field = name.toLowerCase();
    // a name that comes twice is sent twice; the first one replaces what was set before
    if (seen.has(field)) response.appendHeader(name, value as string);
    else response.setHeader(name, value);
    seen.add(field);
  }
};

type Pair = readonly [name: string, value: OutgoingHttpHeader];

const pairs = function* (flat: unknown[]): Generator<Pair> {
  if (flat.length % 2 !== 0)
    throw Object.assign(new TypeError("The argument 'headers' is invalid: a name has no value"), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as OutgoingHttpHeader];
};

/** Node throws it when the head is written, which is too late for the caller where a response waits. */
export const refuseInvalidReason = (response: ServerResponse): void => {
  // HTTP/2 has none, and Node warns of a look
  if (response.req.httpVersionMajor < 2 && /[^\t\x20-\x7e\x80-\xff]/.test(response.statusMessage))
    throw Object.assign(new TypeError('Invalid character in statusMessage'), { code: 'ERR_INVALID_CHAR' });
};
