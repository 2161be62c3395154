import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { HeaderLines } from './header-lines.js';
import type { ResponseBase } from './response-base.js';

/** The error response that takes the place of one whose session could not be saved. */
export interface FailureReply {
  readonly statusCode: number;
  readonly message: string;
  /** The code by which clients distinguish failures. */
  readonly code?: string;
}

/** Headers that are about the exchange as a whole; all others describe the response that is not sent. */
const KEPT = new Set([
  'connection',
  'content-security-policy',
  'content-security-policy-report-only',
  'date',
  'keep-alive',
  'origin-agent-cluster',
  'permissions-policy',
  'referrer-policy',
  'retry-after',
  'server',
  'strict-transport-security',
  'vary',
  'x-content-type-options',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-powered-by',
  'x-request-id',
  'x-xss-protection',
]);

const isKept = (name: string): boolean =>
  KEPT.has(name) || name.startsWith('access-control-') || name.startsWith('cross-origin-');

/** Answers with the failure in the form of Nest's own error responses. */
export const replyWithFailure = (
  response: ServerResponse,
  base: ResponseBase,
  failure: FailureReply,
  bodyEnded: boolean,
  addHeaders: (headers: HeaderLines) => void,
): void => {
  for (const name of response.getHeaderNames()) if (!isKept(name)) response.removeHeader(name);
  const body = JSON.stringify(failure);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('Cache-Control', 'no-store');
  addHeaders(response);
  if (response.req.httpVersionMajor < 2) {
    response.statusMessage = STATUS_CODES[failure.statusCode] ?? 'Error';
    // the application may go on sending a body for which there is no place any more
    if (!bodyEnded) response.setHeader('Connection', 'close');
  }
  response.statusCode = failure.statusCode;
  base.writeHead.call(response, failure.statusCode);
  base.end.call(response, body);
};
