import { type IncomingMessage, request as httpRequest } from 'node:http';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The value of the session cookie. */
  readonly cookie?: string | undefined;
  readonly body?: string;
  /** Breaks the connection off. */
  readonly signal?: AbortSignal;
}

/** A response with its headers as they came. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Lower-case names; of several only the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** Every header line as it came, with lower-case names. */
  readonly headerLines: readonly (readonly [name: string, value: string])[];
  readonly setCookies: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
}

/** Sends a request on a connection of its own. */
export const request = (
  port: number,
  path: string,
  { method = 'GET', headers = {}, cookie, body, signal }: RequestOptions = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      ...(signal !== undefined && { signal }),
      headers: {
        ...(cookie !== undefined && { Cookie: `sessionid=${cookie}` }),
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
        ...headers,
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => void read(response).then(resolve, reject));
    sent.end(body);
  });

const read = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const headerLines = Array.from(
    { length: response.rawHeaders.length / 2 },
    (_, at) => [response.rawHeaders[2 * at]!.toLowerCase(), response.rawHeaders[2 * at + 1]!] as const,
  );
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    headers: Object.fromEntries(headerLines),
    headerLines,
    setCookies: headerLines.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    body: bytes.toString(),
    bytes,
  };
};

/** A Set-Cookie header as its name, its value and its attributes, whose order and case say nothing. */
export const parsedCookie = (header: string): { name: string; value: string; attributes: string[] } => {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  return {
    name: pair.slice(0, at),
    value: pair.slice(at + 1).replace(/^"(.*)"$/, '$1'),
    attributes: attributes.map((attribute) => attribute.toLowerCase()).sort(),
  };
};

/** The key that a response gives the client, `undefined` when it gives none. */
export const keyFrom = (answer: Answer): string | undefined =>
  answer.setCookies.map((header) => parsedCookie(header).value).find((value) => value !== '');
