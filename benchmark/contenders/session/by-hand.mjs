import { createHmac, randomBytes } from 'node:crypto';
import { createParamDecorator } from '@nestjs/common';
import { createClient } from 'redis';
import { serve } from './application.mjs';

const SECRET = 'x'.repeat(32);
const AGE = 1_209_600;
const COOKIE = /sessionid_shop=([0-9a-f]{32})/;
const KEPT = Symbol('session');

const REPLACE = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`;

const sign = (json) => `${json}:${createHmac('sha256', SECRET).update(json).digest('base64url')}`;

const load = (client, request, done) => {
  const key = request.url === '/health' ? undefined : COOKIE.exec(request.headers.cookie)?.[1];
  if (key === undefined) return done();
  client.sendCommand(['GET', key]).then((text) => {
    const json = text.slice(0, text.lastIndexOf(':'));
    request[KEPT] = { key, text, json, data: JSON.parse(json) };
    done();
  }, done);
};

const save = (client, script, request, reply, done) => {
  if (request.url === '/health') return done();
  reply.header('vary', 'Cookie');
  const kept = request[KEPT];
  const json = kept === undefined ? undefined : JSON.stringify(kept.data);
  if (kept === undefined || json === kept.json) return done();
  const expires = new Date(Date.now() + AGE * 1000).toUTCString();
  reply.header('cache-control', 'private, no-store');
  reply.header(
    'set-cookie',
    `sessionid_shop=${kept.key}; Max-Age=${AGE}; Path=/; Expires=${expires}; HttpOnly; SameSite=Lax`,
  );
  const ttl = String(AGE * 1000);
  const command =
    kept.text === undefined
      ? ['SET', kept.key, sign(json), 'PX', ttl]
      : ['EVALSHA', script, '1', kept.key, kept.text, sign(json), ttl];
  client.sendCommand(command).then(() => done(), done);
};

/**
 * The least that a signed session on Redis takes: a GET, a compare-and-set, one signature and three headers, with
 * nothing around them. It verifies no signature, survives no error, and knows the routes by their paths.
 */
export const open = async ({ url, platform }) => {
  const client = createClient({ url, commandOptions: { timeout: undefined } }).on('error', () => {});
  await client.connect();
  const script = await client.scriptLoad(REPLACE);
  const session = createParamDecorator((_, context) => {
    const request = context.switchToHttp().getRequest();
    if (request.url === '/login')
      request[KEPT] = { key: randomBytes(16).toString('hex'), json: '{}', data: {} };
    return request[KEPT]?.data ?? {};
  });
  return serve({
    platform,
    session: session(),
    configure: (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      fastify.addHook('onRequest', (request, _, done) => load(client, request, done));
      fastify.addHook('onSend', (request, reply, _, done) => save(client, script, request, reply, done));
    },
  });
};
