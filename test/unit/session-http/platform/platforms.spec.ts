import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ImproperlyConfiguredError } from '../../../../lib/errors/improperly-configured.error.js';
import { installOn } from '../../../../lib/session-http/platform/platforms.js';
import type { SessionHttp } from '../../../../lib/session-http/session-http.js';

const http = {} as SessionHttp;

describe('installOn', () => {
  it('refuses an adapter it does not know, and says what to do', () => {
    const adapter = { getType: () => 'hyper-express' } as AbstractHttpAdapter;
    expect(() => installOn(adapter, http)).toThrow(ImproperlyConfiguredError);
    expect(() => installOn(adapter, http)).toThrow(/Express and Fastify.*"hyper-express".*'session'/);
  });

  it('refuses a Fastify whose requests have a session already', () => {
    const adapter = new FastifyAdapter();
    adapter.getInstance().decorateRequest('session', null as never);
    expect(() => installOn(adapter, http)).toThrow(/@fastify\/session/);
  });
});
