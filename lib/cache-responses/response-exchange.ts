import type { ExecutionContext } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { isOwnSession, type SessionAccessOf } from '../common/session-access.js';
import type { ResponseHead, Visitor } from './refusal.js';
import type { KeyedRequest } from './response-key.js';
import { isKnownToClient, type StoredResponse } from './stored-response.js';
import { type BodyWriter, type WrittenBody, writtenBody } from './written-body.js';

/** The properties of a request in which guards and middleware put the user. */
interface Identified {
  readonly user?: unknown;
  /** Of express-jwt, among others. */
  readonly auth?: unknown;
}

interface Request extends Identified {
  readonly headers: KeyedRequest['headers'];
  /** The URL that chose the handler. */
  readonly url?: string;
  /** On Express, the path under which the application is mounted in another. */
  readonly baseUrl?: string;
  readonly query?: unknown;
  readonly host?: string;
  /** On Fastify, what middleware gets as the request. */
  readonly raw?: Identified;
}

type SetsCookies = Partial<Record<'setCookie' | 'cookie' | 'clearCookie', (...args: unknown[]) => unknown>>;

/** Express' response or Fastify's reply. */
interface Response extends BodyWriter, SetsCookies {
  readonly statusCode: number;
  /** Of a reply: how a body that is text is sent. */
  serializer?(write: (text: string) => string): unknown;
}

const NOT_MODIFIED = 304;
const MULTIPLE_CHOICES = 300;

/** A request that may be answered from the cache, and its response, on either platform. */
export class ResponseExchange {
  readonly request: Request;
  readonly response: Response;
  #setCookies = false;

  constructor(
    private readonly adapter: AbstractHttpAdapter,
    private readonly sessionAccessOf: SessionAccessOf,
    context: ExecutionContext,
  ) {
    this.request = context.switchToHttp().getRequest();
    this.response = context.switchToHttp().getResponse();
  }

  get method(): string {
    return String(this.adapter.getRequestMethod(this.request));
  }

  get keyed(): KeyedRequest {
    const { headers, query, host } = this.request;
    return {
      url: this.#requestedUrl,
      rewrittenUrl: this.rewrittenUrl,
      host: host ?? String(headers['host'] ?? headers[':authority'] ?? ''),
      query: (query ?? {}) as KeyedRequest['query'],
      headers,
    };
  }

  get visitor(): Visitor {
    const { raw, headers } = this.request;
    const session = this.sessionAccessOf(this.response);
    const isForeign = hasForeignSession(this.request) || (raw !== undefined && hasForeignSession(raw));
    return {
      session: isForeign ? { read: true, written: session?.written === true } : session,
      hasUser: [this.request, raw ?? {}].some(({ user, auth }) => (user ?? auth ?? null) !== null),
      hasAuthorization: headers['authorization'] !== undefined,
    };
  }

  /** The URL that chose the handler, where middleware has rewritten the requested one. */
  get rewrittenUrl(): string | undefined {
    const { url, baseUrl = '' } = this.request;
    return url === undefined || [url, baseUrl + url].includes(this.#requestedUrl) ? undefined : url;
  }

  get #requestedUrl(): string {
    return String(this.adapter.getRequestUrl(this.request));
  }

  /** True once something else has begun to send the response. */
  get isSent(): boolean {
    return this.adapter.isHeadersSent(this.response) as boolean;
  }

  /** True if the request has content, on which its response may depend. */
  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.request.headers;
    return coding !== undefined || Number(length ?? 0) > 0;
  }

  /** The names in Vary, in lower case. */
  get vary(): readonly string[] {
    return (this.header('Vary') ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== '');
  }

  addVary(names: readonly string[]): void {
    const present = this.vary;
    const missing = names.filter((name) => !present.includes(name.toLowerCase()));
    if (missing.length > 0)
      this.setHeader('Vary', [this.header('Vary'), ...missing].filter(Boolean).join(', '));
  }

  head(varyBefore: readonly string[]): ResponseHead {
    return {
      status: this.response.statusCode,
      setsCookie: this.#setCookies || this.header('Set-Cookie') !== undefined,
      vary: this.vary,
      varyBefore,
      cacheControl: this.header('Cache-Control'),
      contentEncoding: this.header('Content-Encoding'),
    };
  }

  /** Notices cookies from here on: @fastify/cookie writes their headers only when the response leaves. */
  watchCookies(): void {
    for (const name of ['setCookie', 'cookie', 'clearCookie'] as const) {
      const set = this.response[name];
      if (this.response.serialize === undefined || set === undefined) continue;
      this.response[name] = (...args: unknown[]): unknown => {
        this.#setCookies = true;
        return set.apply(this.response, args);
      };
    }
  }

  header(name: string): string | undefined {
    const value = this.adapter.getHeader(this.response, name) as unknown;
    if (value === undefined || value === null) return undefined;
    return Array.isArray(value) ? value.join(', ') : (value as { toString(): string }).toString();
  }

  setHeader(name: string, value: string): void {
    if (this.isSent) return;
    this.adapter.setHeader(this.response, name, value);
  }

  /** @throws what the platform throws for a value that cannot be sent */
  written(value: unknown): WrittenBody | undefined {
    return writtenBody(this.response, value, this.header('Content-Type') ?? null);
  }

  /** Writes the head of a stored response, or of a 304 in its place; what is to be returned as the body. */
  begin(stored: StoredResponse, ageInSeconds: number | undefined): string | Uint8Array | undefined {
    this.setHeader('ETag', stored.etag);
    this.setHeader('Cache-Control', stored.cacheControl);
    if (ageInSeconds !== undefined) this.setHeader('Age', String(ageInSeconds));
    for (const [name, value] of Object.entries(stored.headers))
      this.adapter.setHeader(this.response, name, value as string);
    const ifNoneMatch = this.request.headers['if-none-match'];
    if (stored.status < MULTIPLE_CHOICES && isKnownToClient(ifNoneMatch?.toString(), stored.etag)) {
      this.adapter.status(this.response, NOT_MODIFIED);
      return undefined;
    }
    this.adapter.status(this.response, stored.status);
    if (stored.body === null) return undefined;
    if (stored.type !== null) this.setHeader('Content-Type', stored.type);
    if (stored.encoding === 'base64') return Buffer.from(stored.body, 'base64');
    this.response.serializer?.((text) => text);
    return stored.body;
  }
}

/** Of another library; whether it was used cannot be seen. */
const hasForeignSession = (request: object): boolean => {
  const own = Object.getOwnPropertyDescriptor(request, 'session');
  if (own === undefined || isOwnSession(request)) return false;
  return own.get !== undefined || (typeof own.value === 'object' && own.value !== null);
};
