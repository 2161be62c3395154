/** A request of Express, of Fastify, or of Node alone. */
export interface PlatformRequest {
  readonly route?: { readonly path: string };
  readonly routeOptions?: { readonly url?: string | undefined };
}

/** The pattern of the route that serves a request: a path is the visitor's, and may hold anything. */
export const routeOf = ({ route, routeOptions }: PlatformRequest): string => {
  const pattern = route?.path ?? routeOptions?.url;
  return pattern === undefined ? 'a request that no route matches' : `the route ${pattern}`;
};
