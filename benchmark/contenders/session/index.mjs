import { Buffer } from 'node:buffer';

export const BARE = 'without sessions';
export const OURS = 'codex-redis';
/** No library: what is left when everything is left out that can be. */
export const BY_HAND = 'by hand';

/** This module with one more feature each. */
export const IDLE_TIMEOUT = 'codex-redis, idle timeout';
export const SEALED = 'codex-redis, sealed';

const contender = (name, file, platform, options = {}) => ({
  name,
  contender: `contenders/session/${file}.mjs`,
  options: { platform, ...options },
});

const SEALED_AT_REST = {
  django: false,
  atRest: { hashKeys: true, encryption: [Buffer.alloc(32, 'x').toString('base64url')] },
};

/** The applications of a platform: without sessions, with its usual library, by hand, with this module. */
export const APPLICATIONS = {
  express: [
    contender(BARE, 'bare', 'express'),
    contender('express-session', 'express-session', 'express'),
    contender(OURS, 'codex-redis', 'express'),
  ],
  fastify: [
    contender(BARE, 'bare', 'fastify'),
    contender('@fastify/session', 'fastify-session', 'fastify'),
    contender(BY_HAND, 'by-hand', 'fastify'),
    contender(OURS, 'codex-redis', 'fastify'),
    contender(IDLE_TIMEOUT, 'codex-redis', 'fastify', {
      session: { idleTimeout: '30m', absoluteTimeout: '8h' },
    }),
    contender(SEALED, 'codex-redis', 'fastify', { session: SEALED_AT_REST }),
  ],
};
