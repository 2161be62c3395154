import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from 'jose';
import { Concealed } from '../../lib/common/concealed.js';
import type { EncryptionKeys } from '../../lib/config/kinds-of-sessions.js';
import type { SessionSettings } from '../../lib/config/settings.js';
import type { Session } from '../../lib/session/object/session.js';
import type { SessionService } from '../../lib/session/session.service.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { recorded, sessionsOf, storeKeyOf, storeSession, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

type AtRest = NonNullable<SessionSettings['atRest']>;

const DAY = 86_400_000;
const AGE = 14 * DAY;
const SECOND = 1000;

const newKey = (): Uint8Array => randomBytes(32);
const keys = (...all: EncryptionKeys): Concealed<EncryptionKeys> => new Concealed(all);
const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

describeOnEveryStore('Session, at rest', (context) => {
  let clock: TestClock;

  beforeEach(() => {
    clock = new TestClock(context.clock.now());
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const sessionsWith = (atRest?: AtRest, store = context.store): SessionService =>
    sessionsOf(context, { atRest }, { clock, store });

  const textOf = async (name: string): Promise<string> =>
    (await context.store.get(storeKeyOf(context, name)))!;

  const cartOf = async (sessions: SessionService, key: string): Promise<unknown> =>
    (await sessions.load(key)).get('cart');

  /** Each key, text and index that stands in the store. */
  const dump = async (): Promise<string> => {
    const names = await context.redisKeys();
    const indexes = names.filter((name) => name.includes(':user:'));
    const texts = await Promise.all(
      names.filter((name) => !indexes.includes(name)).map((name) => context.store.get(name)),
    );
    const members = await Promise.all(indexes.map((name) => context.store.members(name)));
    return [...names, ...texts, JSON.stringify(members)].join('\n');
  };

  describe.each<[string, () => AtRest]>([
    ['hashKeys', () => ({ hashKeys: true })],
    ['encryption', () => ({ hashKeys: false, encryption: keys(newKey()) })],
    ['both', () => ({ hashKeys: true, encryption: keys(newKey()) })],
  ])('with %s', (_, make) => {
    let atRest: AtRest;
    let sessions: SessionService;
    const nameOf = (key: string): string => (atRest.hashKeys ? sha256(key) : key);

    beforeEach(() => {
      atRest = make();
      sessions = sessionsWith(atRest);
    });

    it('US12 is created, read, changed, moved and ended as any other', async () => {
      const key = await storeSession(sessions, { cart: ['Emma'] });
      expect(await sessions.exists(key)).toBe(true);
      const session = await sessions.load(key);
      session.set('a', 1);
      await sessions.commit(session);
      const moving = await sessions.load(key);
      await moving.signIn(7);
      await sessions.commit(moving);
      expect((await sessions.load(moving.key!)).get('a')).toBe(1);
      expect((await sessions.load(key)).key).toBeNull();
      expect(await sessions.delete(moving.key!)).toBe(true);
      expect((await sessions.load(moving.key!)).key).toBeNull();
    });

    it('US12 parallel changes survive, and a logout with the old key reaches the session', async () => {
      const key = await storeSession(sessions, {});
      const loaded = await Promise.all(Array.from({ length: 5 }, () => sessions.load(key)));
      loaded.forEach((session, at) => session.set(`n${at}`, at));
      await Promise.all(loaded.map((session) => sessions.commit(session)));
      expect((await sessions.load(key)).keys()).toHaveLength(5);
      const late = await sessions.load(key);
      const moving = await sessions.load(key);
      await moving.signIn(7);
      await sessions.commit(moving);
      await late.flush();
      expect(await sessions.exists(moving.key!)).toBe(false);
    });

    it('US12 the sessions of a user are listed and ended, the current one spared and marked', async () => {
      const signIn = async (device: string): Promise<string> => {
        const session = sessions.open();
        await session.signIn(7, { device });
        await sessions.save(session);
        return session.key!;
      };
      const [phone, laptop, tablet] = [await signIn('phone'), await signIn('laptop'), await signIn('tablet')];
      const current = await sessions.load(laptop);
      const listed = await sessions.ofUser(7, { current });
      expect(listed.filter((each) => each.current).map(({ device }) => device)).toEqual(['laptop']);
      const { handle } = listed.find(({ device }) => device === 'tablet')!;
      expect(await sessions.endOne(7, handle)).toBe(true);
      await current.cycleKey();
      await sessions.commit(current);
      expect(await sessions.endOfUser(7, { except: current })).toBe(1);
      for (const key of [phone, laptop, tablet]) expect(await sessions.exists(key)).toBe(false);
      expect(await sessions.exists(current.key!)).toBe(true);
      expect(await sessions.ofUser(7)).toHaveLength(1);
      expect(await sessions.reindex()).toEqual({ scanned: 1, indexed: 1 });
    });

    it('US12 SE17 a second sign-in goes on with the entries of the visitor', async () => {
      const key = await storeSession(sessions, { cart: ['Emma'] });
      const first = await sessions.load(key);
      await first.signIn(7);
      await sessions.commit(first);
      const second = await sessions.load(key);
      await second.signIn(7);
      await sessions.commit(second);
      expect(await cartOf(sessions, second.key!)).toEqual(['Emma']);
    });

    it('US13 a text that was copied under another key is unreadable', async () => {
      const mine = await storeSession(sessions, { _auth_user_id: '7' });
      const theirs = await storeSession(sessions, { _auth_user_id: '8' });
      await context.store.set(storeKeyOf(context, nameOf(mine)), await textOf(nameOf(theirs)), 60_000);
      // in another process, too
      for (const reader of [sessions, sessionsWith(atRest)]) {
        const session = await reader.load(mine);
        expect(session.get('_auth_user_id')).toBeUndefined();
        expect((await reader.load(theirs)).get('_auth_user_id')).toBe('8');
      }
    });

    it('US13 a text in the form of before is unreadable', async () => {
      const key = await storeSession(sessionsWith(), { cart: ['Emma'] });
      await context.store.set(storeKeyOf(context, nameOf(key)), await textOf(key), 60_000);
      expect(await cartOf(sessions, key)).toBeUndefined();
    });

    it('US13 one of before is read that is older than since and younger than age, and saved in the new form', async () => {
      const before = sessionsWith();
      const key = await storeSession(before, { cart: ['Emma'] });
      clock.advance(SECOND);
      const since = clock.now();
      const rolling = sessionsWith({ ...atRest, since });
      expect(await cartOf(rolling, key)).toEqual(['Emma']);
      const session = await rolling.load(key);
      session.set('a', 1);
      await rolling.commit(session);
      expect(await cartOf(sessions, key)).toEqual(['Emma']);
      expect(atRest.hashKeys ? await context.store.has(storeKeyOf(context, key)) : false).toBe(false);
    });

    it('US13 not one that was stored later, nor one that is older than age', async () => {
      const since = clock.now();
      clock.advance(SECOND);
      const before = sessionsWith();
      const late = await storeSession(before, { cart: ['Emma'] });
      expect(await cartOf(sessionsWith({ ...atRest, since }), late)).toBeUndefined();
      const rolling = sessionsWith({ ...atRest, since: clock.now() + DAY });
      expect(await cartOf(rolling, late)).toEqual(['Emma']);
      const old = await storeSession(before, { cart: ['Emma'] });
      await context.store.expire(storeKeyOf(context, old), 2 * AGE);
      clock.advance(AGE);
      expect(await cartOf(rolling, old)).toBeUndefined();
    });

    it('US13 what is encoded is for one key', () => {
      const key = 'k'.repeat(32);
      expect(sessions.decode(sessions.encode({ a: 1 }, key), key)).toEqual({ a: 1 });
      expect(sessions.decode(sessions.encode({ a: 1 }, key), 'l'.repeat(32))).toEqual({});
      expect(() => sessions.encode({ a: 1 })).toThrow(/sessions\.encode\(\) takes the session's key/);
      expect(() => sessions.decode('x')).toThrow(/sessions\.decode\(\) takes the session's key/);
    });

    it('US12 costs the commands that a session costs without', async () => {
      const { store, calls } = recorded(context.store);
      const counted = sessionsWith(atRest, store);
      const key = await storeSession(counted, {});
      const session = await counted.load(key);
      session.set('a', 1);
      await counted.commit(session);
      await session.flush().catch(() => undefined);
      await counted.load('u'.repeat(32));
      expect(calls).toEqual(['setIfAbsent', 'get', 'compareAndSet', 'get', 'get']);
    });
  });

  describe('hashKeys', () => {
    it('US12 the store has the SHA-256 of each key and never the key, traces and their successors too', async () => {
      const sessions = sessionsWith({ hashKeys: true });
      const key = await storeSession(sessions, { cart: ['Emma'] });
      expect(await context.redisKeys()).toEqual([storeKeyOf(context, sha256(key))]);
      const moving = await sessions.load(key);
      await moving.signIn(7);
      await sessions.commit(moving);
      const ended = await storeSession(sessions, {});
      await sessions.delete(ended);
      const all = await dump();
      expect(await context.redisKeys()).toContain(`${context.prefix}:user:7`);
      for (const each of [key, moving.key!, ended]) {
        expect(all).not.toContain(each);
        expect(all).toContain(sha256(each));
      }
    });

    it('US12 what stands in the store opens no session', async () => {
      const sessions = sessionsWith({ hashKeys: true });
      const key = await storeSession(sessions, { cart: ['Emma'] });
      const { key: found } = await sessions.load(sha256(key));
      expect(found).toBeNull();
      expect(await sessions.exists(sha256(key))).toBe(false);
    });

    it('US12 events name a session the same in each process', async () => {
      const sessions = sessionsWith({ hashKeys: true });
      const seen: string[] = [];
      sessions.events.on('created', ({ session }) => seen.push(session));
      sessions.events.on('flushed', ({ session }) => seen.push(session));
      const key = await storeSession(sessions, {});
      const moving = await sessions.load(key);
      const late = await sessions.load(key);
      await moving.cycleKey();
      await sessions.commit(moving);
      sessions.events.on('cycled', ({ session }) => seen.push(session));
      await late.flush();
      expect(new Set(seen).size).toBe(2);
    });

    describe('while it is rolled out', () => {
      let rolling: SessionService;
      let key: string;

      beforeEach(async () => {
        key = await storeSession(sessionsWith(), { cart: ['Emma'] });
        clock.advance(SECOND);
        rolling = sessionsWith({ hashKeys: true, since: clock.now() });
      });

      const isPlain = (): Promise<boolean> => context.store.has(storeKeyOf(context, key));
      const isHashed = (): Promise<boolean> => context.store.has(storeKeyOf(context, sha256(key)));

      it('US13 a session moves to the hash of its key at its first load, with the time it has left', async () => {
        await context.store.expire(storeKeyOf(context, key), 50_000);
        expect(await cartOf(rolling, key)).toEqual(['Emma']);
        expect([await isPlain(), await isHashed()]).toEqual([false, true]);
        expect(await context.store.remaining(storeKeyOf(context, sha256(key)))).toBeLessThanOrEqual(50_000);
      });

      it('US13 requests that come together meet in one session', async () => {
        const loaded = await Promise.all(Array.from({ length: 8 }, () => rolling.load(key)));
        loaded.forEach((session, at) => session.set(`n${at}`, at));
        await Promise.all(loaded.map((session) => rolling.commit(session)));
        expect((await rolling.load(key)).keys()).toHaveLength(9);
        expect(await isPlain()).toBe(false);
      });

      it.each<[string, (sessions: SessionService) => Promise<unknown>]>([
        ['delete()', (sessions) => sessions.delete(key)],
        ['a flush before it was loaded', (sessions) => sessions.flush(sessions.open(key))],
      ])('US13 %s ends one that has not moved yet', async (__, end) => {
        expect(await rolling.exists(key)).toBe(true);
        await end(rolling);
        expect([await isPlain(), await isHashed()]).toEqual([false, false]);
        expect((await rolling.load(key)).key).toBeNull();
      });

      it('US13 one of a user that has not moved yet ends with the others', async () => {
        const before = sessionsWith();
        const session = await before.load(key);
        await session.signIn(7);
        await before.save(session);
        clock.advance(SECOND);
        rolling = sessionsWith({ hashKeys: true, since: clock.now() });
        expect(await rolling.ofUser(7)).toHaveLength(1);
        expect(await rolling.endOfUser(7)).toBe(1);
        expect((await rolling.load(session.key!)).key).toBeNull();
      });

      describe('of a user', () => {
        let session: Session;

        beforeEach(async () => {
          const before = sessionsWith();
          const other = before.open();
          session = await before.load(key);
          for (const each of [session, other]) {
            await each.signIn(7, { device: each === session ? 'laptop' : 'phone' });
            await before.save(each);
          }
          clock.advance(SECOND);
          rolling = sessionsWith({ hashKeys: true, since: clock.now() });
          session = await rolling.load(session.key!);
        });

        const devices = async (): Promise<unknown[]> =>
          (await rolling.ofUser(7, { current: session })).map(({ device, current }) => [device, current]);

        it.each<[string, () => Promise<unknown>]>([
          ['read', () => Promise.resolve()],
          ['saved', () => rolling.save(session)],
          ['moved to a new key', () => rolling.cycleKey(session)],
        ])('US13 US6 one that was %s is listed and counted once, as the current one', async (_, use) => {
          const { createdAt } = (await rolling.ofUser(7)).find(({ device }) => device === 'laptop')!;
          await use();
          expect((await devices()).sort()).toEqual([
            ['laptop', true],
            ['phone', false],
          ]);
          const listed = await rolling.ofUser(7, { current: session });
          expect(listed.find(({ current }) => current)?.createdAt).toEqual(createdAt);
          const members = await context.store.members(`${context.prefix}:user:7`);
          expect(members.map((member) => member.key)).not.toContain(session.key);
          const limited = sessionsOf(
            context,
            { atRest: { hashKeys: true, since: clock.now() }, perUser: { limit: 2, whenFull: 'refuse' } },
            { clock },
          );
          const again = await limited.load(session.key!);
          await again.signIn(7);
          await limited.save(again);
          expect(await limited.ofUser(7)).toHaveLength(2);
        });

        it.each<[string, () => Promise<unknown>]>([
          ['read', () => Promise.resolve()],
          ['saved', () => rolling.save(session)],
          ['to be moved to a new key', () => session.cycleKey()],
        ])('US13 US3 one that was %s is spared when all others are ended', async (_, use) => {
          await use();
          expect(await rolling.endOfUser(7, { except: session })).toBe(1);
          await rolling.commit(session);
          expect(await devices()).toEqual([['laptop', true]]);
          expect(await rolling.endOfUser(7)).toBe(1);
          expect((await rolling.load(session.key!)).key).toBeNull();
        });

        it('US13 a handle from before it moved still ends it', async () => {
          const before = sessionsWith();
          const third = before.open();
          await third.signIn(8);
          await before.save(third);
          clock.advance(SECOND);
          rolling = sessionsWith({ hashKeys: true, since: clock.now() });
          const { handle } = (await rolling.ofUser(8))[0]!;
          await rolling.load(third.key!);
          expect(await rolling.endOne(8, handle)).toBe(true);
          expect((await rolling.load(third.key!)).key).toBeNull();
        });
      });

      it.each(['insert', 'delete'])(
        'US13 what a crash before the %s leaves, the next request finishes',
        async (step) => {
          const crash = (): Promise<never> => Promise.reject(new Error('crashed'));
          const store = storeWith(
            context.store,
            step === 'insert' ? { setIfUntraced: crash } : { delete: crash },
          );
          const crashing = sessionsWith({ hashKeys: true, since: clock.now() }, store);
          await expect(crashing.load(key)).rejects.toThrow('crashed');
          expect(await cartOf(rolling, key)).toEqual(['Emma']);
          expect(await isHashed()).toBe(true);
          // a second copy is gone before the trace of a logout is
          const left = await context.store.remaining(storeKeyOf(context, key));
          expect(left === undefined || Number(left) <= 60_000).toBe(true);
          await rolling.delete(key);
          expect((await rolling.load(key)).key).toBeNull();
        },
      );

      it('US13 SE19 one that has not moved yet is found beside a key that has just ended', async () => {
        const ended = await storeSession(rolling, {});
        await rolling.delete(ended);
        for (const keys of [
          [ended, key],
          [key, ended],
        ]) {
          const session = rolling.open(keys);
          await rolling.ensureLoaded(session);
          expect([session.key, session.get('cart')]).toEqual([key, ['Emma']]);
        }
        expect([await isPlain(), await isHashed()]).toEqual([false, true]);
        expect((await rolling.load(ended)).key).toBeNull();
      });

      it('US13 one that a process of before ends meanwhile stays ended', async () => {
        const plainKey = storeKeyOf(context, key);
        const setIfUntraced = async (
          ...args: Parameters<typeof context.store.setIfUntraced>
        ): Promise<boolean> => {
          await context.store.delete(plainKey);
          return context.store.setIfUntraced(...args);
        };
        const slow = sessionsWith(
          { hashKeys: true, since: clock.now() },
          storeWith(context.store, { setIfUntraced }),
        );
        expect((await slow.load(key)).key).toBeNull();
        expect([await isPlain(), await isHashed()]).toEqual([false, false]);
      });

      it('US13 when age has passed since, no command is spent on it', async () => {
        const { store, calls } = recorded(context.store);
        const later = sessionsWith({ hashKeys: true, since: clock.now() - AGE }, store);
        await later.load('u'.repeat(32));
        expect(calls).toEqual(['get', 'get']);
      });
    });
  });

  describe('encryption', () => {
    const encrypted = (...all: EncryptionKeys): SessionService =>
      sessionsWith({ hashKeys: false, encryption: keys(...all) });

    it('US12 the text is one compact JWE that jose reads: dir, A256GCM, kid; compressed inside', async () => {
      const secret = newKey();
      const key = await storeSession(encrypted(secret), { cart: ['Emma'] });
      const { plaintext, protectedHeader } = await compactDecrypt(await textOf(key), secret);
      expect(protectedHeader).toEqual({
        alg: 'dir',
        enc: 'A256GCM',
        kid: expect.stringMatching(/^[\w-]{11}$/) as unknown,
      });
      const content = inflateSync(plaintext).toString('latin1');
      expect(content).toMatch(new RegExp(`^${key}:[0-9A-Za-z]+:\\{"cart":\\["Emma"\\]\\}$`));
      expect(await dump()).not.toContain(Buffer.from('Emma').toString('base64url'));
    });

    it('US12 and one that jose writes is read here', async () => {
      const secret = newKey();
      const sessions = encrypted(secret);
      const key = await storeSession(sessions, { cart: ['Emma'] });
      const text = await textOf(key);
      const { plaintext } = await compactDecrypt(text, secret);
      const { kid } = decodeProtectedHeader(text);
      const written = await new CompactEncrypt(plaintext)
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: kid!, typ: 'JWE' })
        .encrypt(secret);
      expect(written).not.toBe(text);
      await context.store.set(storeKeyOf(context, key), written, 60_000);
      expect(await cartOf(encrypted(secret), key)).toEqual(['Emma']);
    });

    it('US12 no text is like another', () => {
      const sessions = encrypted(newKey());
      const key = 'k'.repeat(32);
      const texts = Array.from({ length: 50 }, () => sessions.encode({ a: 1 }, key));
      expect(new Set(texts).size).toBe(50);
    });

    it('US12 keys are rotated: the first encrypts, the older ones decrypt, and go when all was saved again', async () => {
      const [old, next] = [newKey(), newKey()];
      const key = await storeSession(encrypted(old), { cart: ['Emma'] });
      expect(await cartOf(encrypted(next), key)).toBeUndefined();
      const both = encrypted(next, old);
      const session = await both.load(key);
      expect(session.get('cart')).toEqual(['Emma']);
      session.set('a', 1);
      await both.commit(session);
      expect(await cartOf(encrypted(next), key)).toEqual(['Emma']);
      expect(await cartOf(encrypted(old), key)).toBeUndefined();
    });

    it('US12 whatever was changed in a text, it is unreadable', () => {
      const sessions = encrypted(newKey());
      const key = 'k'.repeat(32);
      const text = sessions.encode({ cart: ['Emma'] }, key);
      for (let at = 0; at < text.length; at++) {
        const other = text.charAt(at) === 'A' ? 'B' : 'A';
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        const sameBytes = changed
          .split('.')
          .every((part, index) =>
            Buffer.from(part, 'base64url').equals(Buffer.from(text.split('.')[index]!, 'base64url')),
          );
        if (!sameBytes) expect([at, sessions.decode(changed, key)]).toEqual([at, {}]);
      }
      for (const broken of ['', '....', 'a.b.c', `${text}.`, text.slice(0, -4), 'x'.repeat(500)])
        expect(sessions.decode(broken, key)).toEqual({});
    });

    it('US13 what hashKeys alone had stored is read for a while', async () => {
      const key = await storeSession(sessionsWith({ hashKeys: true }), { cart: ['Emma'] });
      clock.advance(SECOND);
      const atRest = { hashKeys: true, encryption: keys(newKey()), since: clock.now() };
      expect(await cartOf(sessionsWith(atRest), key)).toEqual(['Emma']);
    });

    it('US9 an extension keeps it encrypted', async () => {
      const secret = newKey();
      const atRest = { hashKeys: true, encryption: keys(secret) };
      const sessions = sessionsOf(context, { atRest, idleTimeout: 600_000 }, { clock });
      const key = await storeSession(sessions, { cart: ['Emma'] });
      clock.advance(60_000);
      expect((await sessions.commit(await sessions.load(key))).outcome).toBe('touched');
      await compactDecrypt(await textOf(sha256(key)), secret);
    });
  });
});
