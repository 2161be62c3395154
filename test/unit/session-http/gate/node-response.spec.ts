import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { mergeHeaders } from '../../../../lib/session-http/gate/node-response.js';

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

describe('mergeHeaders', () => {
  it.each<[string, unknown]>([
    ['an object', { 'Set-Cookie': ['a=1', 'b=2'], 'X-Own': 'new' }],
    ['a flat list', ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-Own', 'new']],
    [
      'pairs',
      [
        ['Set-Cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['X-Own', 'new'],
      ],
    ],
  ])('H2 lays %s over what was set before', (_form, headers) => {
    const merged = response();
    merged.setHeader('x-own', 'old');
    merged.setHeader('Set-Cookie', 'old=1');
    merged.setHeader('ETag', 'kept');
    mergeHeaders(merged, headers);
    expect({ ...merged.getHeaders() }).toEqual({
      'x-own': 'new',
      'set-cookie': ['a=1', 'b=2'],
      etag: 'kept',
    });
  });

  it.each<[string, unknown, string]>([
    ['a name without a value', ['X-Own'], 'ERR_INVALID_ARG_VALUE'],
    ['a line break', { 'X-Own': 'a\nb' }, 'ERR_INVALID_CHAR'],
    ['a wrong name', { 'X Own': 'a' }, 'ERR_INVALID_HTTP_TOKEN'],
    ['undefined', { 'X-Own': undefined }, 'ERR_HTTP_INVALID_HEADER_VALUE'],
  ])('H2 refuses %s as Node does', (_what, headers, code) => {
    expect(() => mergeHeaders(response(), headers)).toThrow(expect.objectContaining({ code }) as Error);
    expect(() => response().writeHead(200, headers as never)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  it.each([undefined, null, {}, []])('H2 takes %j for no headers', (headers) => {
    const merged = response();
    mergeHeaders(merged, headers);
    expect(merged.getHeaderNames()).toEqual([]);
  });
});
