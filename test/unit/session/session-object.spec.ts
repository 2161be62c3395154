import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setImmediate as settled } from 'node:timers/promises';
import { inspect } from 'node:util';
import { SessionStateError } from '../../../lib/errors/session.errors.js';
import { sessionStateOf } from '../../../lib/session/object/state-of.js';
import { SessionService } from '../../../lib/session/session.service.js';
import type { Session } from '../../../lib/session/object/session.js';
import { systemClock } from '../../../lib/common/clock.js';
import { MemoryStore } from '../../../lib/store/memory/memory-store.js';
import { blamedLine, failureOf, nextLine } from '../../support/blamed-line.js';
import { secretKeys, sessionSettings } from '../../support/sessions.js';

const RESERVED = [
  ...['get', 'set', 'has', 'delete', 'pop', 'setDefault', 'update', 'keys', 'values', 'entries', 'clear'],
  ...[
    'flush',
    'cycleKey',
    'signIn',
    'confirm',
    'increment',
    'setExpiry',
    'getExpiryAge',
    'getExpiryDate',
    'expiresAtBrowserClose',
  ],
  ...[
    'setTestCookie',
    'testCookieWorked',
    'deleteTestCookie',
    'save',
    'regenerate',
    'destroy',
    'reload',
    'toJSON',
  ],
  ...['key', 'id', 'isNew', 'isEmpty', 'accessed', 'modified'],
];

const SECRET = 'this must never be seen by anybody';

describe('Session as an object', () => {
  const sessions = new SessionService(
    new MemoryStore(),
    sessionSettings({ secretKeys: secretKeys(SECRET) }),
    systemClock,
  );
  let session: Session;

  beforeEach(() => {
    session = sessions.open();
  });

  it('CN16 what is not JSON is refused with its path and the line of the caller', async () => {
    const notJson = { seen: new Date() };
    const lines: string[] = [];
    const errors = [
      await failureOf(() => {
        lines.push(nextLine());
        session['user'] = notJson;
      }),
      await failureOf(() => {
        lines.push(nextLine());
        session.set('user', notJson);
      }),
      await failureOf(() => {
        lines.push(nextLine());
        session.setDefault('user', notJson);
      }),
      await failureOf(() => {
        lines.push(nextLine());
        session.update({ fine: 1, user: notJson });
      }),
      await failureOf(() => {
        lines.push(nextLine());
        session.set('_session_expiry', 'soon');
      }),
    ];
    expect(errors.map(blamedLine)).toEqual(lines);
    for (const error of errors.slice(0, -1))
      expect(error).toMatchObject({ message: 'user.seen: Date is not JSON; use CacheCoder.dumpDatetime()' });
    expect(session.has('fine')).toBe(false);
  });

  it('H5 entries are properties', () => {
    const typed = sessions.open<{ visits: number }>();
    typed.visits = (typed.visits ?? 0) + 1;
    expect(typed.visits).toBe(1);
    expect(typed.get('visits')).toBe(1);
    expect('visits' in typed).toBe(true);
    expect(typed.modified).toBe(true);
    delete typed.visits;
    expect('visits' in typed).toBe(false);
    expect(typed.has('visits')).toBe(false);
  });

  it('H5 reading a property, missing ones too, is an access', () => {
    expect(session['missing']).toBeUndefined();
    expect(session.accessed).toBe(true);
  });

  it.each([
    ['in', (it: Session) => 'a' in it],
    ['Object.keys', (it: Session) => Object.keys(it)],
    ['a loop', (it: Session) => ({ ...it })],
    ['JSON.stringify', (it: Session) => JSON.stringify(it)],
  ])('H5 %s is an access', (_, look) => {
    look(session);
    expect(session.accessed).toBe(true);
    expect(session.modified).toBe(false);
  });

  it.each(['key', 'isNew', 'isEmpty', 'modified', 'then', 'constructor', 'toString', Symbol.iterator])(
    'H5 reading %p is none',
    (name) => {
      void Reflect.get(session, name);
      expect(session.accessed).toBe(false);
    },
  );

  it.each(RESERVED)('H5 %s can be neither assigned nor deleted', (name) => {
    const refused = new RegExp(`session\\.${name} .*session\\.set\\('${name}', value\\)`);
    expect(() => Reflect.set(session, name, 1)).toThrow(refused);
    expect(() => Object.defineProperty(session, name, { value: 1 })).toThrow(refused);
    expect(() => Reflect.deleteProperty(session, name)).toThrow(`session.delete('${name}')`);
    expect(session.accessed).toBe(false);
  });

  it.each([...RESERVED, 'then', '__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'H5 an entry named %s is reached with get and set',
    (name) => {
      session.set(name, [1]);
      expect(session.get(name)).toEqual([1]);
      expect(session.has(name)).toBe(true);
      expect(session.keys()).toEqual([name]);
      expect(Object.keys(session)).toEqual([name]);
      expect(JSON.stringify(session)).toBe(`{"${name}":[1]}`);
      expect(inspect(session)).toContain(name);
      expect(session.delete(name)).toBe(true);
      expect(session.keys()).toEqual([]);
    },
  );

  it('H5 it can be returned from an async function', async () => {
    const returned = await Promise.resolve(session);
    expect(sessionStateOf(returned)).toBe(sessionStateOf(session));
    expect(session.accessed).toBe(false);
    const unloaded = sessions.open('k'.repeat(32));
    expect(sessionStateOf(await Promise.resolve(unloaded))).toBe(sessionStateOf(unloaded));
  });

  it('H5 `then` is never a method, but may be an entry', () => {
    expect(session['then']).toBeUndefined();
    session['then'] = 'an entry';
    expect(session['then']).toBe('an entry');
    expect(session.accessed).toBe(true);
  });

  it('shows its entries and neither key nor secret', async () => {
    session.set('user', { name: 'x' });
    await sessions.commit(session);
    const ended = await sessions.create();
    const endedKey = ended.key;
    const flushing = ended.flush();
    expect(JSON.stringify(session)).toBe('{"user":{"name":"x"}}');
    expect(JSON.stringify({ session })).toBe('{"session":{"user":{"name":"x"}}}');
    expect(Object.keys(session)).toEqual(['user']);
    expect(Object.entries(session)).toEqual([['user', { name: 'x' }]]);
    expect(inspect(session)).toBe("{ user: { name: 'x' } }");
    expect(inspect({ session })).toBe("{ session: { user: { name: 'x' } } }");
    const everything = [session, sessions, sessionStateOf(session), ended].flatMap((what) =>
      [
        {},
        { showProxy: true },
        { showHidden: true, depth: 9 },
        { customInspect: false, showProxy: true, depth: 9 },
      ].map((options) => inspect(what, options)),
    );
    await flushing;
    expect(everything.join()).not.toContain(session.key);
    expect(everything.join()).not.toContain(endedKey);
    expect(everything.join()).not.toContain(SECRET);
    expect(JSON.stringify(sessions)).not.toContain(SECRET);
  });

  it('behaves as a plain object', () => {
    session.update({ a: 1, b: 2 });
    expect({ ...session }).toEqual({ a: 1, b: 2 });
    expect(session).toEqual({ a: 1, b: 2 });
    expect(Object.getPrototypeOf(session)).toBe(Object.prototype);
    expect(Object.hasOwn(session, 'a')).toBe(true);
    expect(Object.hasOwn(session, 'get')).toBe(false);
    expect(Object.assign(session, { c: 3 })).toBe(session);
    expect(session.keys()).toEqual(['a', 'b', 'c']);
    const names: string[] = [];
    for (const name in session) names.push(name);
    expect(names).toEqual(['a', 'b', 'c']);
    expect(() => Object.freeze(session)).toThrow(TypeError);
    expect(() => Reflect.set(session, Symbol('x'), 1)).toThrow(/symbol/);
    expect(() => Object.defineProperty(session, 'x', { get: () => 1 })).toThrow(/getter/);
    expect(Object.prototype.toString.call(session)).toBe('[object Object]');
  });

  it.each([
    ['a Date', new Date(0), /^when: Date/],
    ['a nested undefined', { at: undefined }, /^when\.at: undefined/],
    ['a Map inside', { a: [new Map()] }, /^when\.a\[0\]: Map/],
    ['a small BigInt', 1n, /^when: /],
    ['a function', () => 1, /^when: /],
  ])('refuses %s when it is set, with the path', (_, value, message) => {
    expect(() => session.set('when', value)).toThrow(message);
    expect(() => Reflect.set(session, 'when', value)).toThrow(TypeError);
    expect(session.has('when')).toBe(false);
    expect(session.modified).toBe(false);
  });

  it('refuses at the commit what was slipped in afterwards, with the path', async () => {
    const cart: unknown[] = [];
    session.set('cart', cart);
    cart.push({ at: new Date(0) });
    await expect(sessions.save(session)).rejects.toThrow(/^cart\[0\]\.at: Date/);
    await expect(sessions.commit(session)).rejects.toThrow(TypeError);
  });

  it('refuses a name that is no string', () => {
    expect(() => session.set(1 as unknown as string, 'x')).toThrow(TypeError);
  });

  describe('that is not loaded', () => {
    const unloaded = (): Session => sessions.open('k'.repeat(32));

    it.each([
      ['get', (it: Session) => it.get('a')],
      ['a property', (it: Session) => it['a']],
      ['set', (it: Session) => it.set('a', 1)],
      ['an assignment', (it: Session) => (it['a'] = 1)],
      ['has', (it: Session) => it.has('a')],
      ['in', (it: Session) => 'a' in it],
      ['delete', (it: Session) => it.delete('a')],
      ['keys', (it: Session) => it.keys()],
      ['Object.keys', (it: Session) => Object.keys(it)],
      ['clear', (it: Session) => it.clear()],
      ['getExpiryAge', (it: Session) => it.getExpiryAge()],
      ['JSON.stringify', (it: Session) => JSON.stringify(it)],
    ])('%s throws an error that says what to do', (_, use) => {
      const it = unloaded();
      expect(() => use(it)).toThrow(SessionStateError);
      expect(() => use(it)).toThrow(/not been loaded.*ensureLoaded/s);
      expect(it.accessed).toBe(false);
    });

    it.each(['save', 'cycleKey'] as const)('%s rejects so', async (method) => {
      await expect(unloaded()[method]()).rejects.toThrow(SessionStateError);
    });

    it('tells what it knows without', () => {
      expect(inspect(unloaded())).toBe('{ not loaded }');
      expect(unloaded().isEmpty).toBe(false);
    });
  });

  it('H5 a change after the commit throws, reading does not', async () => {
    session.set('a', { b: 1 });
    await sessions.commit(session);
    expect(session.get('a')).toEqual({ b: 1 });
    expect(session.getExpiryAge()).toBe(1_209_600);
    const changes: ((it: Session) => unknown)[] = [
      (it) => it.set('a', 1),
      (it) => (it['a'] = 1),
      (it) => Reflect.deleteProperty(it, 'a'),
      (it) => it.pop('a'),
      (it) => it.clear(),
      (it) => it.update({ b: 1 }),
      (it) => it.setExpiry(1),
      (it) => it.setExpiry(null),
    ];
    for (const change of changes) expect(() => change(session)).toThrow(SessionStateError);
  });

  it('H5 after the commit, what returns a promise rejects, and what takes a callback tells it', async () => {
    await sessions.commit(session);
    for (const name of ['flush', 'cycleKey', 'save', 'regenerate', 'destroy', 'reload'] as const)
      await expect(session[name]()).rejects.toThrow(SessionStateError);
    for (const name of ['flush', 'cycleKey', 'save'] as const)
      await expect(sessions[name](session)).rejects.toThrow(SessionStateError);
    for (const name of ['save', 'regenerate', 'destroy', 'reload'] as const) {
      const told = new Promise((resolve) => session[name](resolve));
      expect(await told).toBeInstanceOf(SessionStateError);
    }
  });

  it('sets and finds the test cookie', () => {
    expect(session.testCookieWorked()).toBe(false);
    session.setTestCookie();
    expect(session.get('testcookie')).toBe('worked');
    expect(session.testCookieWorked()).toBe(true);
    session.deleteTestCookie();
    expect(session.testCookieWorked()).toBe(false);
  });

  it('knows a session from anything else', () => {
    expect(() => sessionStateOf({})).toThrow(/SessionService/);
  });

  describe('SE21 with anything but a callback', () => {
    const wrong = [null, 0, 'cart', {}, Symbol('cart'), [1], Promise.resolve()];

    it.each(wrong.map((value) => [value]))('%p is refused at the call', (value) => {
      for (const name of ['save', 'destroy', 'reload', 'regenerate'] as const) {
        session.set('cart', [1]);
        const call = session[name] as (...args: unknown[]) => unknown;
        expect(() => call.call(session, value)).toThrow(TypeError);
        if (name === 'regenerate') expect(() => call.call(session, ['cart'], value ?? 1)).toThrow(TypeError);
        expect(session.get('cart')).toEqual([1]);
      }
    });

    it('regenerate() keeps the entries it names, and takes a callback first or second', async () => {
      session.update({ cart: ['book'], flash: 'hello' });
      await session.save();
      const { key } = session;
      await session.regenerate(['cart', 'missing']);
      expect(session.toJSON()).toEqual({ cart: ['book'] });
      expect(await sessions.exists(String(key))).toBe(false);
      await new Promise<void>((resolve) => session.regenerate(['cart'], () => resolve()));
      expect(session.toJSON()).toEqual({ cart: ['book'] });
      await new Promise<void>((resolve) => session.regenerate(() => resolve()));
      expect(session.toJSON()).toEqual({});
    });

    it('a call that fails is logged when nobody awaits it, and only then', async () => {
      const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const unloaded = sessions.open('a'.repeat(32));
      await expect(unloaded.save()).rejects.toThrow(SessionStateError);
      await expect(unloaded.cycleKey()).rejects.toThrow(SessionStateError);
      await settled();
      expect(warn).not.toHaveBeenCalled();
      void unloaded.save();
      void unloaded.cycleKey();
      void unloaded.regenerate(['cart']);
      void sessions.save(unloaded);
      await settled();
      expect(warn).toHaveBeenCalledTimes(4);
      warn.mockRestore();
    });
  });
});
