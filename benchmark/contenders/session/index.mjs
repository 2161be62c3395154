export const BARE = 'without sessions';
export const OURS = 'codex-redis';
/** No library: what is left when everything is left out that can be. */
export const BY_HAND = 'by hand';

const contender = (name, file, platform) => ({
  name,
  contender: `contenders/session/${file}.mjs`,
  options: { platform },
});

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
  ],
};
