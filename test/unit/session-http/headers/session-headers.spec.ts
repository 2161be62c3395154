import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { GivenHeaders } from '../../../../lib/session-http/gate/given-headers.js';
import { SessionHeaders } from '../../../../lib/session-http/headers/session-headers.js';

describe('SessionHeaders', () => {
  it('M31 warns once of what expressly let shared caches in, and never of the rest', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const headers = new SessionHeaders('private, no-store');
    const warnings = ['max-age=60', 'no-cache', 'public', 's-maxage=1'].map((cacheControl) => {
      const response = new ServerResponse(new IncomingMessage(new Socket()));
      response.setHeader('Cache-Control', cacheControl);
      headers.setCookie(response, 'sessionid=x');
      expect(response.getHeader('Cache-Control')).toMatch(/^private/);
      return warn.mock.calls.length;
    });
    warn.mockRestore();
    expect(warnings).toEqual([0, 0, 1, 1]);
  });

  it('SX5 drops what other headers tell shared caches, with the same warning', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const headers = new SessionHeaders('private, no-store');
    for (const name of [
      'CDN-Cache-Control',
      'surrogate-control',
      'Cloudflare-CDN-Cache-Control',
      'X-Accel-Expires',
      'Akamai-Cache-Control',
      'edge-control',
      'Fastly-Surrogate-Control',
      'Netlify-CDN-Cache-Control',
      'Vercel-CDN-Cache-Control',
    ]) {
      const response = new ServerResponse(new IncomingMessage(new Socket()));
      response.setHeader(name, 'max-age=60');
      headers.setCookie(response, 'sessionid=x');
      expect(response.hasHeader(name)).toBe(false);
      const given = GivenHeaders.of(new ServerResponse(new IncomingMessage(new Socket())), {
        [name]: 'max-age=60',
      })!;
      headers.setCookie(given, 'sessionid=x');
      expect(given.getHeader(name)).toBeUndefined();
    }
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});
