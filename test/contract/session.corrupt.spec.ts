import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { deflateSync } from 'node:zlib';
import type { SessionEvent } from '../../lib/session/stored/session-events.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { recorded, sessionsOf, signedText, signerOf, storeKeyOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const KEY = 'corrupt0'.repeat(4);
const signer = signerOf();
const sign = (payload: string | Buffer): string => signedText(signer, payload);
const signJson = (json: string): string => sign(Buffer.from(json));

const UNREADABLE: Record<string, string> = {
  'S32 a text that is no session': 'what is this',
  'S32 a wrong signature': `${signJson('{"secret":"value"}').slice(0, -1)}-`,
  'S33 a payload that is not base64url': sign('%%%'),
  'S33 a payload that is not JSON': signJson('{secret:'),
  'S33 a NaN of Python': signJson('{"secret":NaN}'),
  'S33 a payload that is not zlib': sign(`.${Buffer.from('not zlib').toString('base64url')}`),
  'S33 a bomb': sign(`.${deflateSync(Buffer.alloc(9 * 1024 * 1024)).toString('base64url')}`),
  'S34 an array': signJson('[1,2]'),
  'S34 a string': signJson('"abc"'),
  'S34 null': signJson('null'),
};

describeOnEveryStore('Session, unreadable or of another writer', (context) => {
  let sessions: SessionService;
  let warnings: string[];
  let events: SessionEvent[];

  beforeEach(() => {
    warnings = [];
    events = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
      warnings.push(String(message));
    });
    sessions = sessionsOf(context);
    sessions.events.on('corrupt', (event) => events.push(event));
  });

  afterEach(() => jest.restoreAllMocks());

  const put = (text: string): Promise<void> => context.store.set(storeKeyOf(context, KEY), text, 60_000);

  it.each(Object.entries(UNREADABLE))('%s is empty, with a warning and an event', async (_, text) => {
    await put(text);
    const session = await sessions.load(KEY);
    expect(session.keys()).toEqual([]);
    expect(warnings).toHaveLength(1);
    expect(events).toEqual([{ name: 'session.corrupt', session: signer.fingerprint(KEY) }]);
    const told = `${warnings.join()}${JSON.stringify(events)}`;
    expect(told).not.toContain(KEY);
    expect(told).not.toContain('secret":');
    expect(told).not.toContain(text);
    expect(sessions.decode(text)).toEqual({});
  });

  it.each(Object.entries(UNREADABLE))('SX7 S35 %s: the next save gives it a fresh key', async (_, text) => {
    await put(text);
    const session = await sessions.load(KEY);
    expect(session.key).toBe(KEY);
    expect(session.isEmpty).toBe(false);
    session.set('a', 1);
    const { outcome, key } = await sessions.commit(session);
    expect(outcome).toBe('cycled');
    expect(key).not.toBe(KEY);
    expect((await sessions.load(key!)).toJSON()).toEqual({ a: 1 });
    expect(await sessions.exists(KEY)).toBe(false);
  });

  it('S35 untouched it stays as it is', async () => {
    await put('what is this');
    const session = await sessions.load(KEY);
    expect((await sessions.commit(session)).outcome).toBe('nothing');
    expect(await context.store.get(storeKeyOf(context, KEY))).toBe('what is this');
  });

  it('S32 a session that another request made unreadable meanwhile counts as empty', async () => {
    await put(signJson('{"a":1}'));
    const session = await sessions.load(KEY);
    session.set('b', 2);
    await put('what is this');
    await sessions.save(session);
    expect((await sessions.load(KEY)).toJSON()).toEqual({ b: 2 });
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['1.0 for 1', '{"a":[1.0]}'],
    ['blanks', '{ "a": [ 1 ] }'],
    ['an exponent', '{"a":[1e2]}'],
    ['an escaped slash', '{"a":["\\/"]}'],
    ['keys of digits in its own order', '{"10":[],"9":[]}'],
  ])('S38 %s, looked at, is no change', async (_, json) => {
    await put(signJson(json));
    const { store, calls } = recorded(context.store);
    const watched = sessionsOf(context, {}, { store });
    const session = await watched.load(KEY);
    session.values();
    expect((await watched.commit(session)).outcome).toBe('nothing');
    expect(calls).toEqual(['get']);
  });

  it('S31 integers beyond 2^53 survive a load and a save digit for digit', async () => {
    await put(signJson('{"id":12345678901234567890,"ids":[-9007199254740993]}'));
    const session = await sessions.load(KEY);
    expect(session.get('id')).toBe(12345678901234567890n);
    session.set('a', 1);
    await sessions.save(session);
    const text = (await context.store.get(storeKeyOf(context, KEY)))!;
    expect(Buffer.from(text.split(':')[0]!, 'base64url').toString()).toBe(
      '{"id":12345678901234567890,"ids":[-9007199254740993],"a":1}',
    );
  });

  it('S31 __proto__ is a name like any other', async () => {
    await put(signJson('{"__proto__":{"admin":true}}'));
    const session = await sessions.load(KEY);
    expect(session.keys()).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect(session.get('admin')).toBeUndefined();
    session.set('constructor', [1]);
    await sessions.save(session);
    const loaded = await sessions.load(KEY);
    expect(loaded.entries()).toEqual([
      ['__proto__', { admin: true }],
      ['constructor', [1]],
    ]);
  });

  it('S51 an expiry that cannot be read gives the default age and a warning', async () => {
    await put(signJson('{"_session_expiry":"soon"}'));
    const session = await sessions.load(KEY);
    expect(session.getExpiryAge()).toBe(1_209_600);
    await sessions.save(session);
    expect(await context.store.remaining(storeKeyOf(context, KEY))).toBeGreaterThan(1_209_000_000);
    expect(warnings[0]).toContain('_session_expiry');
  });
});
