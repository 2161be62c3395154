import keyvTestSuite from '@keyv/test-suite';
import timekeeper from 'timekeeper';
import { createKeyv } from 'nestjs-codex-redis/keyv';
import * as vitest from 'vitest';
import { cacheOn } from './support.mjs';

const { afterEach, beforeAll, describe, expect, it } = vitest;

/** Keyv's cases that cannot pass, each with the reason. */
const NOT_JSON = {
  'value can be undefined': 'undefined is not JSON: set() throws a TypeError',
  'value can be a buffer': 'a Buffer is not JSON: set() throws a TypeError',
  'value can be an object containing a buffer': 'a Buffer is not JSON: set() throws a TypeError',
};
const BY_CLIENT_CLOCK = {
  '.set(key, value, ttl) sets a value that expires':
    'it turns the clock of the client, which does not decide what has expired: Redis does',
};
const REASONS = { memory: NOT_JSON, redis: { ...NOT_JSON, ...BY_CLIENT_CLOCK } };

describe.each(Object.keys(REASONS))("BR1 Keyv's own cases, with a cache on: %s", (kind) => {
  const reasons = REASONS[kind];
  const left = new Set(Object.keys(reasons));
  let cache;

  beforeAll(async () => {
    cache = await cacheOn(kind);
  });

  // A case that fails leaves the clock turned.
  afterEach(() => timekeeper.reset());

  /** What the cases take for Keyv's constructor. */
  const Keyv = function ({ namespace } = {}) {
    return createKeyv(cache, { namespace });
  };

  const cases = {
    ...vitest,
    it: (name, work) => {
      if (!(name in reasons)) return it(name, work);
      left.delete(name);
      return it(`${name}: not here, since ${reasons[name]}`, async () => {
        await expect(Promise.resolve(work({ expect })).then(() => 'passed')).rejects.toBeInstanceOf(Error);
      });
    },
  };
  keyvTestSuite(cases, Keyv, () => ({ opts: {} }));
  it('leaves out no case that there is not', () => expect([...left]).toEqual([]));
});
