import type { MadeReply } from '../../../../lib/session-http/platform/made-reply.js';
import { deferSending, makeReplyOnExpress } from '../../../../lib/session-http/platform/express-send.js';

/** A response as Express makes it: what it inherits from sends, and makes text of what is none. */
const responseOf = (own?: { send(body: unknown): unknown }) => {
  const sent: unknown[] = [];
  const headers = new Map<string, string>();
  const base = {
    getHeader: (name: string) => headers.get(name),
    setHeader: (name: string, value: string) => void headers.set(name, value),
    removeHeader: (name: string) => void headers.delete(name),
    send(body: unknown): unknown {
      if (typeof body === 'object' && body !== null) {
        headers.set('Content-Type', 'application/json');
        return this.send(JSON.stringify(body));
      }
      sent.push(body);
      return this;
    },
  };
  const prototype = Object.assign(Object.create(base) as typeof base, own);
  deferSending(prototype);
  return { response: Object.create(prototype) as typeof base, sent, headers };
};

/** Makes a reply, and says what came of it. */
const makeReply = (response: object, reply: () => unknown): Partial<MadeReply> & { result: unknown } => {
  let made: MadeReply | undefined;
  const result = makeReplyOnExpress(response, reply, (its) => (made = its));
  return { ...made, result };
};

describe('a reply on Express whose sending is put off', () => {
  it('is text by then, and is sent when that is called', () => {
    const { response, sent, headers } = responseOf();
    const { body, send } = makeReply(response, () => response.send({ id: 1 }));
    expect(body).toBe('{"id":1}');
    expect(sent).toEqual([]);
    expect(headers.get('Content-Type')).toBe('application/json');
    send!();
    expect(sent).toEqual(['{"id":1}']);
  });

  it.each([undefined, 'text/csv'])('is taken back to the content type %s', (type) => {
    const { response, headers } = responseOf();
    if (type !== undefined) response.setHeader('Content-Type', type);
    makeReply(response, () => response.send({})).takeBack!();
    expect(headers.get('Content-Type')).toBe(type);
  });

  it('throws what making its text throws, and puts nothing off after that', () => {
    const { response, sent } = responseOf();
    expect(() => makeReply(response, () => response.send({ id: 1n }))).toThrow(TypeError);
    response.send('text');
    expect(sent).toEqual(['text']);
  });

  it('is told from one that is sent by other means, later, or on another response', () => {
    const { response, sent } = responseOf();
    const { response: other, sent: sentThere } = responseOf();
    const { result, send } = makeReply(response, () => other.send('text'));
    expect(send).toBeUndefined();
    expect(result).toBe(other);
    response.send('later');
    expect([sent, sentThere]).toEqual([['later'], ['text']]);
  });

  it('goes through a send() that the application had before', () => {
    const own: unknown[] = [];
    const { response } = responseOf({ send: (body) => own.push(body) });
    const { send } = makeReply(response, () => response.send('text'));
    expect(own).toEqual([]);
    send!();
    expect(own).toEqual(['text']);
  });
});
