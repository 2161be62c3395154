import type { OutgoingHttpHeader } from 'node:http';

export type HeaderValue = OutgoingHttpHeader;

/** The headers of a response that has not begun: those stored on it, or those given to `writeHead`. */
export interface HeaderLines {
  getHeader(name: string): HeaderValue | undefined;
  setHeader(name: string, value: HeaderValue): unknown;
  appendHeader(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}
