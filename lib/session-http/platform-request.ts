/** A request of Express, of Fastify, or of Node alone. */
export interface PlatformRequest {
  readonly route?: { readonly path: string };
  readonly routeOptions?: { readonly url?: string | undefined };
  /** The protocol according to Express or Fastify, which may trust X-Forwarded-Proto. */
  readonly protocol?: string;
  readonly socket?: object | null;
}

/** The pattern of the route that serves a request: a path is the visitor's, and may hold anything. */
export const routeOf = ({ route, routeOptions }: PlatformRequest): string => {
  const pattern = route?.path ?? routeOptions?.url;
  return pattern === undefined ? 'a request that had reached no route' : `the route ${pattern}`;
};

/** True if a request came over TLS, as far as its platform knows. */
export const isSecure = ({ protocol, socket }: PlatformRequest): boolean =>
  protocol === undefined
    ? (socket as { encrypted?: boolean } | null | undefined)?.encrypted === true
    : protocol === 'https';
