/**
 * The members that send for real. They are called on a response, never on this object, which may be a prototype.
 */
export interface ResponseBase {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  writeHead(statusCode: number, reason?: unknown, headers?: unknown): unknown;
  write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean;
  end(chunk?: unknown, encoding?: unknown, callback?: unknown): unknown;
  flushHeaders(): void;
  setHeader(name: string, value: unknown): unknown;
  setHeaders(headers: unknown): unknown;
  appendHeader(name: string, value: unknown): unknown;
  removeHeader(name: string): void;
  _implicitHeader?(): void;
}
