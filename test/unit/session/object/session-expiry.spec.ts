import { runInNewContext } from 'node:vm';
import type { SessionExpiry, Session } from '../../../../lib/session/object/session.js';
import { SessionExpiryRules } from '../../../../lib/session/object/session-expiry.js';
import { SessionService } from '../../../../lib/session/session.service.js';
import { MemoryStore } from '../../../../lib/store/memory/memory-store.js';
import { sessionSettings } from '../../../support/sessions.js';

const NOW = Date.parse('2023-11-14T22:13:20.500Z');
const AGE = 1_209_600;

describe('When a session ends', () => {
  const clock = { now: () => NOW };
  let warnings: string[];
  let rules: SessionExpiryRules;

  const open = (expireAtBrowserClose = false): Session =>
    new SessionService(new MemoryStore({ clock }), sessionSettings({ expireAtBrowserClose }), clock).open();

  beforeEach(() => {
    warnings = [];
    rules = new SessionExpiryRules({ age: AGE, expireAtBrowserClose: false }, clock, (message) =>
      warnings.push(message),
    );
  });

  it('S39 by default after the configured age, reckoned from the modification', () => {
    const session = open();
    expect(session.getExpiryAge()).toBe(AGE);
    expect(session.getExpiryDate().getTime()).toBe(NOW + AGE * 1000);
  });

  it('S40 0 ends with the browser, and has the default age', () => {
    const session = open();
    session.setExpiry(0);
    expect(session.get('_session_expiry')).toBe(0);
    expect(session.expiresAtBrowserClose()).toBe(true);
    expect(session.getExpiryAge()).toBe(AGE);
    expect(rules.timeToLive(0)).toBe(AGE * 1000);
  });

  it('S41 a number is seconds', () => {
    const session = open();
    session.setExpiry(10);
    expect(session.get('_session_expiry')).toBe(10);
    expect(session.getExpiryAge()).toBe(10);
    expect(session.getExpiryDate().getTime()).toBe(NOW + 10_000);
    expect(session.modified).toBe(true);
  });

  it.each([
    ['90s', 90],
    ['5m', 300],
    ['1.5 hours', 5400],
    ['500ms', 0.5],
  ])('S42 %s is %d seconds', (duration, seconds) => {
    expect(rules.toEntry(duration)).toBe(seconds);
  });

  it.each([
    [new Date('2023-11-14T23:13:20.123Z'), '2023-11-14T23:13:20.123+00:00'],
    [new Date('2023-11-14T23:13:20.000Z'), '2023-11-14T23:13:20+00:00'],
  ])('S43 a date is ISO text with +00:00', (date, text) => {
    expect(rules.toEntry(date)).toBe(text);
    expect(rules.date(text)).toEqual(date);
    expect(rules.timeToLive(text)).toBe(date.getTime() - NOW);
  });

  it('S43 a date of another realm is a date', () => {
    const date = runInNewContext(`new Date(${NOW})`) as Date;
    expect(rules.toEntry(date)).toBe('2023-11-14T22:13:20.500+00:00');
  });

  it('S43 and its age counts down', () => {
    const entry = rules.toEntry(new Date(NOW + 100_000));
    expect(rules.age(entry)).toBe(100);
    expect(rules.age(entry, { modification: new Date(NOW + 40_000) })).toBe(60);
  });

  it('S44 null removes the entry, and modifies only if there was one', () => {
    const session = open();
    session.setExpiry(null);
    expect(session.modified).toBe(false);
    session.setExpiry(10);
    session.setExpiry(null);
    expect(session.has('_session_expiry')).toBe(false);
  });

  it.each([
    [1999, 1],
    [1000, 1],
    [999, 0],
    [-1, -1],
  ])('S45 a date %d ms away is %d seconds away', (ms, seconds) => {
    expect(rules.age(new Date(NOW + ms).toISOString())).toBe(seconds);
  });

  it('S46 what to reckon with may be given', () => {
    const session = open();
    const modification = new Date(NOW - 60_000);
    session.setExpiry(10);
    expect(session.getExpiryDate({ modification }).getTime()).toBe(NOW - 50_000);
    expect(session.getExpiryAge({ expiry: 20 })).toBe(20);
    expect(session.getExpiryAge({ expiry: '1m', modification })).toBe(60);
    expect(session.getExpiryAge({ expiry: new Date(NOW), modification })).toBe(60);
    expect(session.getExpiryAge({ expiry: null })).toBe(AGE);
    expect(session.getExpiryDate({ expiry: new Date(NOW) }).getTime()).toBe(NOW);
    expect(session.getExpiryDate({ expiry: null, modification }).getTime()).toBe(NOW - 60_000 + AGE * 1000);
  });

  it.each([0, null, '', undefined])('S47 a stored %j is the default age', (entry) => {
    expect(rules.age(entry)).toBe(AGE);
    expect(rules.timeToLive(entry)).toBe(AGE * 1000);
    expect(warnings).toEqual([]);
  });

  it.each([-10, new Date(NOW - 1), 0.0005])('S48 %s leaves no life', (expiry) => {
    expect(rules.timeToLive(rules.toEntry(expiry))).toBeLessThan(1);
  });

  it('S49 fractions are fine', () => {
    expect(rules.toEntry(0.5)).toBe(0.5);
    expect(rules.age(0.5)).toBe(0.5);
    expect(rules.timeToLive(0.5)).toBe(500);
  });

  it.each<[boolean, SessionExpiry, boolean]>([
    [false, 10, false],
    [false, 0, true],
    [false, null, false],
    [true, 10, false],
    [true, 0, true],
    [true, null, true],
  ])('S50 with the setting %s, %s → %s', (setting, expiry, expected) => {
    const session = open(setting);
    session.setExpiry(expiry);
    expect(session.expiresAtBrowserClose()).toBe(expected);
  });

  it.each([true, [], {}, 'soon', '600', 1e300, 12345678901234567890n, '2023-02-30T25:00:00', '2023'])(
    'S51 a stored %p gives the default age and a warning without the value',
    (entry) => {
      expect(rules.age(entry)).toBe(AGE);
      expect(rules.timeToLive(entry)).toBe(AGE * 1000);
      expect(rules.date(entry).getTime()).toBe(NOW + AGE * 1000);
      expect(warnings).toHaveLength(3);
      expect(warnings.join()).not.toMatch(/soon|600|2023/);
    },
  );

  it.each([
    ['2023-11-14T23:13:20.123456+00:00', 3_599_623],
    ['2023-11-14T23:13:20+00:00', 3_599_500],
    ['2023-11-15T00:13:20+01:00', 3_599_500],
    ['2023-11-14T23:13:20Z', 3_599_500],
    ['2023-11-14T23:13:20', 3_599_500],
    ['2023-11-14T23:13+00:00', 3_579_500],
  ])('S43 reads %s as Python writes it', (text, ms) => {
    expect(rules.timeToLive(text)).toBe(ms);
    expect(warnings).toEqual([]);
  });

  it.each([true, NaN, Infinity, 'abc', '', '10', {}, undefined, new Date(NaN), 10n])(
    'S41 refuses %p with a TypeError and changes nothing',
    (expiry) => {
      const session = open();
      expect(() => session.setExpiry(expiry as SessionExpiry)).toThrow(TypeError);
      expect(session.modified).toBe(false);
    },
  );

  it.each([1e12, 1e300, -1e12, new Date(8.64e15), new Date(-8.64e15), '100000y'])(
    'S43 refuses %s, which Python cannot hold, with a RangeError',
    (expiry) => {
      expect(() => rules.toEntry(expiry)).toThrow(RangeError);
    },
  );
});
