import { of } from 'rxjs';
import type { ResponseExchange } from '../../../lib/cache-responses/response-exchange.js';
import { runHandler } from '../../../lib/cache-responses/run-handler.js';
import { TestClock } from '../../../lib/testing/test-clock.js';

const route = {
  name: 'Pages.page',
  options: { timeout: 60, headers: ['X-Own'] },
  cacheKey: undefined,
  cacheTtl: undefined,
  isForHost: false,
  isGuarded: false,
  sendsByItself: false,
};

/** A request whose handler sets a header; Fastify takes any value until the response leaves. */
const exchangeWith = (header: string, value: string): ResponseExchange => {
  const exchange: Partial<ResponseExchange> = {
    method: 'GET',
    response: { statusCode: 200 },
    visitor: { session: undefined, hasUser: false, hasAuthorization: false },
    watchCookies: () => undefined,
    header: (name) => (name === header ? value : undefined),
    head: () => ({
      status: 200,
      setsCookie: false,
      vary: [],
      varyBefore: [],
      cacheControl: undefined,
      contentEncoding: undefined,
    }),
    written: () => ({ type: header === 'Content-Type' ? value : 'text/plain', body: 'a page' }),
  };
  return exchange as ResponseExchange;
};

describe('a run of a handler', () => {
  it.each(['X-Own', 'ETag', 'Cache-Control', 'Content-Type'])(
    'RC4 refuses to store what cannot be sent: a %s with a line end, or beyond Latin-1',
    async (header) => {
      const outcomeOf = (value: string): Promise<{ kind: string }> =>
        runHandler(
          {
            route,
            exchange: exchangeWith(header, value),
            varyBefore: [],
            timeoutMs: 60_000,
            isPrivate: false,
            clock: new TestClock(),
          },
          { handle: () => of('a page') },
        );
      for (const value of ['a\r\nSet-Cookie: b=c', 'a\n', '\0', '€'])
        expect(await outcomeOf(value)).toMatchObject({ kind: 'refused', why: 'error', value: 'a page' });
      expect(await outcomeOf('a\tb é')).toMatchObject({ kind: 'storable' });
    },
  );
});
