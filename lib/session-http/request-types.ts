import type { Session } from '../session/object/session.js';

/**
 * The entries of `request.session`. An application adds its own:
 *
 * ```ts
 * declare module 'nestjs-codex-redis' {
 *   interface SessionData {
 *     cart: string[];
 *   }
 * }
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- filled by applications
export interface SessionData {}

/** The properties of a request of Express or Fastify while sessions are on. */
export interface RequestWithSession {
  /** The session of the visitor. There is none on a path of `session.exclude`. */
  session: Session<SessionData>;
  /** The key of the session, as `session.key`: `null` where there is none. */
  readonly sessionID: string | null;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- where the types of Express take additions
  namespace Express {
    // inherited, so that a property of this name that another package declares comes first
    interface Request extends RequestWithSession {}
  }
}

// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- kept in the declarations by its form
/** @ts-ignore: an application on Express need not have fastify */
declare module 'fastify' {
  interface FastifyRequest extends RequestWithSession {}
}
