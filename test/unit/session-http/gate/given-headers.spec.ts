import fc from 'fast-check';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { GivenHeaders } from '../../../../lib/session-http/gate/given-headers.js';
import type { HeaderLines } from '../../../../lib/session-http/gate/header-lines.js';

const freshResponse = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));

const inAnyCase = (name: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) =>
      Array.from(name, (letter, at) => (upper[at] === true ? letter.toUpperCase() : letter)).join(''),
    );

const NAMES = ['set-cookie', 'vary', 'cache-control', 'etag'];

const value = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.array(fc.constantFrom('a', 'b')), fc.nat());

const given = fc
  .tuple(...NAMES.map((name) => fc.option(fc.tuple(inAnyCase(name), value), { nil: undefined })))
  .map((headers) => Object.fromEntries(headers.filter((header) => header !== undefined)));

const change = fc
  .tuple(fc.constantFrom('setHeader', 'appendHeader'), fc.constantFrom(...NAMES).chain(inAnyCase))
  .map(([method, name]) => ({ method, name }) as const);

const asLines = (list: readonly unknown[]): [string, unknown][] =>
  list.flatMap((name, at) => (at % 2 === 0 ? [[String(name).toLowerCase(), list[at + 1]]] : []));

describe('GivenHeaders', () => {
  it('end as the headers do that are stored on a response', () => {
    fc.assert(
      fc.property(given, fc.array(change), (headers, changes) => {
        const stored = freshResponse();
        // cloned, since Node appends to the very list it was given
        for (const [name, of] of Object.entries(structuredClone(headers))) stored.setHeader(name, of);
        const lines = GivenHeaders.of(freshResponse(), headers);
        if (lines === undefined) throw new Error('The headers were not taken');
        for (const target of [stored, lines] as HeaderLines[])
          changes.forEach(({ method, name }, at) => target[method](name, `value ${at}`));
        for (const name of NAMES)
          expect([lines.getHeader(name)].flat().map(String)).toEqual(
            [stored.getHeader(name)].flat().map(String),
          );
        const names = asLines(lines.list).map(([name]) => name);
        expect(new Set(names).size).toBe(names.length);
        expect([...names].sort()).toEqual([...stored.getHeaderNames()].sort());
      }),
    );
  });

  it('leaves the object it was given as it is', () => {
    const headers = { vary: 'Accept' };
    GivenHeaders.of(freshResponse(), headers)?.setHeader('Vary', 'Cookie');
    expect(headers).toEqual({ vary: 'Accept' });
  });

  it('are none where Node would store the headers', () => {
    const response = freshResponse();
    expect(GivenHeaders.of(response, undefined)).toBeUndefined();
    expect(GivenHeaders.of(response, null)).toBeUndefined();
    expect(GivenHeaders.of(response, ['Vary', 'Accept'])).toBeUndefined();
    response.setHeader('Vary', 'Accept');
    expect(GivenHeaders.of(response, { ETag: 'x' })).toBeUndefined();
  });
});
