import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SessionConflictError, SessionTooLargeError } from '../../lib/errors/session.errors.js';
import type { Serializer } from '../../lib/serializer/serializer.js';
import { SessionService } from '../../lib/session/session.service.js';
import { sessionSettings, sessionsOf, storeKeyOf, storeSession, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('Session, what it takes and how much', (context) => {
  afterEach(() => jest.restoreAllMocks());

  it('SX3 more than maxBytes is refused with its size, and nothing is saved', async () => {
    const small = sessionsOf(context, { maxBytes: 200 });
    const session = small.open();
    session.set('text', 'x'.repeat(200));
    const refused = await small.commit(session).catch((error: unknown) => error);
    expect((refused as SessionTooLargeError).getStatus()).toBe(413);
    expect(await context.redisKeys()).toEqual([]);

    const key = await storeSession(small, { a: 1 });
    const grown = await small.load(key);
    grown.set('text', randomBytes(250).toString('hex'));
    await expect(small.save(grown)).rejects.toThrow(SessionTooLargeError);
    await expect(small.save(grown)).rejects.toThrow(/[3-9]\d\d bytes/);
    expect((await small.load(key)).toJSON()).toEqual({ a: 1 });
  });

  it('SX3 a larger stored one is read, warned of, and saved once it is smaller', async () => {
    const key = await storeSession(sessionsOf(context), { text: 'abc'.repeat(50), cart: [1] });
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const small = sessionsOf(context, { maxBytes: 150 });
    const session = await small.load(key);
    expect(session.get('cart')).toEqual([1]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('session.maxBytes'));
    session.set('a', 1);
    await expect(small.save(session)).rejects.toThrow(SessionTooLargeError);
    session.delete('text');
    await small.save(session);
    expect((await small.load(key)).toJSON()).toEqual({ cart: [1], a: 1 });
  });

  it('SX3 at most 64 saves wait for one key', async () => {
    const key = await storeSession(sessionsOf(context), {});
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const store = storeWith(context.store, {
      compareAndSet: (...args) => held.then(() => context.store.compareAndSet(...args)),
    });
    const sessions = sessionsOf(context, {}, { store });
    const loaded = await Promise.all(Array.from({ length: 70 }, () => sessions.load(key)));
    const saves = loaded.map((session, index) => {
      session.set(`entry${index}`, index);
      return sessions.save(session);
    });
    const settled = Promise.allSettled(saves);
    release();
    const refused = (await settled).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(6);
    for (const { reason } of refused as PromiseRejectedResult[])
      expect(reason).toBeInstanceOf(SessionConflictError);
    expect((await sessions.load(key)).keys()).toHaveLength(64);
  });

  it("SX9 update() refuses names that begin with '_', and set() a wrong expiry", () => {
    const session = sessionsOf(context).open();
    expect(() => session.update({ a: 1, _auth_user_id: '1' })).toThrow(/'_'/);
    expect(session.keys()).toEqual([]);
    for (const wrong of ['soon', true, {}, '2026-13-01T00:00:00+00:00'])
      expect(() => session.set('_session_expiry', wrong)).toThrow(TypeError);
    expect(() => session.set('_session_expiry', 1e300)).toThrow(RangeError);
    session.set('_session_expiry', 60);
    expect(session.getExpiryAge()).toBe(60);
  });

  it("entries that are this module's own are not written as others are", async () => {
    const sessions = sessionsOf(context);
    const session = await sessions.create();
    await session.signIn(7);
    const writes = [
      () => session.set('_codex_confirmed', 9e15),
      () => session.set('_codex_started', undefined),
      () => Object.assign(session, { _codex_confirmed: 9e15 }),
      () => session.delete('_codex_cycled'),
      () => Reflect.deleteProperty(session, '_codex_cycled'),
      () => session.pop('_codex_cycled'),
      () => session.setDefault('_codex_device', 'x'),
      () => session.increment('_codex_confirmed', 1),
    ];
    for (const write of writes) expect(write).toThrow(/'_codex_'/);
    expect(session.get('_codex_cycled')).toBe(true);
  });

  it('SX10 a session that nests deeper than 500 counts as unreadable, and never fails a login', async () => {
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const nesting: Serializer = {
      dumps: () => `{"deep":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      loads: (text) => JSON.parse(text) as unknown,
    };
    const foreign = new SessionService(
      context.store,
      sessionSettings({ projectName: context.prefix }),
      context.clock,
      nesting,
    );
    const key = 'd'.repeat(32);
    await context.store.set(storeKeyOf(context, key), foreign.encode({}), 60_000);
    const sessions = sessionsOf(context);
    const session = await sessions.load(key);
    await session.signIn(7);
    await sessions.commit(session);
    expect((await sessions.load(session.key!)).toJSON()).toEqual({ _auth_user_id: '7' });
  });

  it('SE23 an entry that is given undefined is deleted', async () => {
    const sessions = sessionsOf(context);
    const session = await sessions.load(await storeSession(sessions, { a: 1, b: 1, c: 1, d: 1 }));
    session['a'] = undefined;
    session.set('b', undefined);
    session.update({ c: undefined });
    expect(() => (session['e'] = { nested: undefined })).toThrow(TypeError);
    await sessions.commit(session);
    expect((await sessions.load(session.key!)).toJSON()).toEqual({ d: 1 });
  });

  it('SE26 the serializer writes and reads what is signed', async () => {
    const reversed: Serializer = {
      dumps: (value) => JSON.stringify({ wrapped: value }),
      loads: (text) => (JSON.parse(text) as { wrapped: unknown }).wrapped,
    };
    const settings = sessionSettings({ projectName: context.prefix });
    const sessions = new SessionService(context.store, settings, context.clock, reversed);
    const key = await storeSession(sessions, { a: [1] });
    expect((await sessions.load(key)).toJSON()).toEqual({ a: [1] });
    expect((await sessionsOf(context).load(key)).toJSON()).toEqual({ wrapped: { a: [1] } });
  });
});
