/**
 * The members that send for real. They are called on a response, never on this object, which may be a prototype.
 */
export interface ResponseBase {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writeHead: (statusCode: number, reason?: unknown, headers?: unknown) => unknown;
  readonly write: (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;
  readonly end: (chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown;
  readonly flushHeaders: () => void;
  readonly setHeader: (name: string, value: unknown) => unknown;
  readonly setHeaders: (headers: unknown) => unknown;
  readonly appendHeader: (name: string, value: unknown) => unknown;
  readonly removeHeader: (name: string) => void;
  readonly _implicitHeader?: () => void;
}
