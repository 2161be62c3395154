import fc from 'fast-check';
import { Logger } from '@nestjs/common';
import { companionKey } from '../../lib/store/companion-key.js';
import type { KeptWrite, LookOptions, Over } from '../../lib/store/kept-entry.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import type { Enrolment } from '../../lib/store/member-index.js';
import { openRedis } from '../support/open-redis.js';
import { RedisAdmin } from '../support/redis-admin.js';
import { RedisServer } from '../support/redis-server.js';
import { settle } from '../support/settle.js';

const MINUTE = 60_000;
const companion = (word: string): string => companionKey('app', word, 'app:1:k');

/** Where the keys of a call stand. */
const KEYS = {
  entry: 'app:1:k',
  grace: companion('grace'),
  lease: companion('lease'),
  tokens: companion('tokens'),
  trace: companion('trace'),
  index: 'app:user:7',
  hits: 'app:throttle:k',
  one: 'app:tag:1',
  other: 'app:tag:2',
};
type Role = keyof typeof KEYS;

const { entry, grace, lease, tokens, trace, index, hits, one, other } = KEYS;
const kept = { entry, grace, lease, tokens };

/** A member that a script ends, since it was not confirmed in time. */
const LATE = '{"key":"k","st":"pending","createdAt":1,"ends":1,"deadline":1}';

/** What somebody else may have put under a key. */
const SPOILS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['SET', 'odd'],
  ['RPUSH', 'odd', 'inf', '-1'],
  ['RPUSH', '1:1', '2', 'odd'],
  ['HSET', 'odd', 'odd'],
  ['HSET', 'n', 'odd', 'x', 'odd', 'g', 'odd', 'w', 'odd', 'v', 'odd'],
  ['HSET', 'n', 'odd', 'x', '1', 'v', 'odd'],
  ['HSET', 'n', 'odd', 'x', '1', 'g', '1e300'],
  ['HSET', 'a', LATE, 'b', 'odd'],
  [
    'HSET',
    ...['a', 'c', 'd', 'e', 'f'].flatMap((handle) => [handle, LATE]),
    'b',
    '{"key":"b","st":"pending"}',
  ],
  ['HSET', 'a', LATE, 'b', LATE.replace('{', '{"origins":[1],')],
];

describe('a script that fails', () => {
  const admin = new RedisAdmin();
  let server: RedisServer;
  let store: KeyValueStore;
  const redis = <Reply>(...args: string[]): Promise<Reply> => admin.command<Reply>(server.port, ...args);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await RedisServer.start();
    store = openRedis(server.url);
  });

  afterAll(async () => {
    await store.close();
    admin.close();
    await server.stop();
  });

  /** Everything there is, and when it ends. */
  const snapshot = async (): Promise<unknown> => {
    const names = (await redis<string[]>('KEYS', '*')).sort();
    return Promise.all(
      names.map(async (name) => [name, await redis('DUMP', name), await redis('PEXPIRETIME', name)]),
    );
  };

  const write = (over: Over, changes: Partial<KeptWrite> = {}): ReturnType<KeyValueStore['writeKept']> =>
    store.writeKept(kept, { value: '1', ttl: MINUTE, grace: MINUTE, over, tokens: 't', ...changes });

  const look = (options: Partial<LookOptions> = {}): ReturnType<KeyValueStore['lookUpKept']> =>
    store.lookUpKept(kept, { grace: MINUTE, lastsMs: 1000, ...options });

  const enrol = (handle: string, more: Partial<Enrolment> = {}): ReturnType<KeyValueStore['enrol']> =>
    store.enrol(index, { handle, key: handle, ttl: MINUTE, pendingMs: MINUTE, ...more });

  const stands = (): Promise<unknown> => write({ kind: 'anything' });
  const isHeld = async (): Promise<void> => {
    await stands();
    await redis('SET', lease, 'run');
  };
  const isStale = async (): Promise<void> => {
    await stands();
    await redis('HSET', grace, 'x', String(Date.now() - 1000));
    await redis('DEL', entry);
  };
  const isMoved = async (): Promise<void> => {
    await store.set(entry, 'v', MINUTE);
    await store.moveAway(entry, trace, move());
  };
  const isThere = async (): Promise<void> => {
    await store.set(entry, 'v', MINUTE);
    await redis('SET', trace, '{"st":"moved","to":["s"]}', 'PX', '60000');
  };
  const hasMembers = async (): Promise<void> => {
    await redis('HSET', index, 'z', LATE);
    await enrol('m');
  };
  const hasHits = (): Promise<unknown> => store.hit(hits, rule);
  const hasOne = (): Promise<void> => store.set(other, 't', MINUTE);

  const move = (changes = {}) =>
    ({
      expected: 'v',
      successor: 's',
      keepsValue: false,
      mayFork: true,
      traceTtl: 1000,
      ...changes,
    }) as const;
  const rule = { windowMs: MINUTE, limit: 1, blockMs: 0 };
  const limit = { limit: 1, whenFull: 'end-oldest' } as const;
  const ahead = { part: 1e-9, ttl: MINUTE };
  const claim = { token: 'mine', ms: MINUTE };
  const standing = { kind: 'standing', text: '1' } as const;

  /** Each call of a script that may write more than once, in a state in which it does, and the keys that make it fail. */
  const calls: readonly (readonly [
    what: string,
    prepare: () => Promise<unknown>,
    call: () => Promise<unknown>,
    fails: readonly Role[],
  ])[] = [
    ['a look at what is due', stands, () => look({ ahead }), ['entry', 'grace', 'tokens']],
    ['a claim of what is stale', isStale, () => look({ claim }), ['entry', 'grace', 'lease', 'tokens']],
    ['a write over anything', isHeld, () => write({ kind: 'anything' }), ['grace']],
    ['a write over what has changed', isHeld, () => write({ kind: 'absent' }), ['entry', 'grace', 'tokens']],
    ['a write of a run', isHeld, () => write(standing, { run: 'run' }), ['entry', 'grace', 'lease']],
    [
      'a write of a run over what has changed',
      isHeld,
      () => write({ kind: 'nothing' }, { run: 'run' }),
      ['entry', 'grace', 'lease', 'tokens'],
    ],
    ['a write over what is stale', isStale, () => write({ kind: 'stale', nonce: 'x' }), ['entry', 'grace']],
    [
      'a write over what is dead',
      isHeld,
      () => write({ kind: 'dead', tokens: 't', text: '1' }),
      ['entry', 'grace', 'tokens'],
    ],
    [
      'a keeping of the text',
      isHeld,
      () => write({ kind: 'dead', tokens: 't', text: '1' }, { value: null }),
      ['entry', 'grace', 'tokens'],
    ],
    ['an expiry', stands, () => store.expireKept(kept, 1000, 't'), ['entry', 'grace', 'tokens']],
    ['an end of the expiry', stands, () => store.expireKept(kept, null, 't'), ['entry', 'grace', 'tokens']],
    ['an expiry without tokens', stands, () => store.expireKept({ entry, grace }, 1000), ['entry', 'grace']],
    ['an increment', stands, () => store.incrementKept(kept, 1, 0, 't'), ['entry', 'grace', 'tokens']],
    ['a move', isThere, () => store.moveAway(entry, trace, move()), ['entry']],
    ['a second move', isMoved, () => store.moveAway(entry, trace, move()), ['entry', 'trace']],
    ['an ending', isThere, () => store.end(entry, trace, 1000), ['trace']],
    [
      'an ending that gives the value',
      isThere,
      () => store.end(entry, trace, 1000, { givesValue: true }),
      ['entry', 'trace'],
    ],
    ['an enrolment', hasMembers, () => enrol('n', { limit, from: 'm' }), ['index']],
    ['a confirmation', hasMembers, () => store.confirm(index, 'm', MINUTE, ['a', 'b', 'z']), ['index']],
    [
      'a keeping of a member',
      hasMembers,
      () => store.keepMember(index, { handle: 'b', key: 'b' }, MINUTE),
      ['index'],
    ],
    ['an ending of members', hasMembers, () => store.endMembers(index, { except: [] }), ['index']],
    ['a forgetting of members', hasMembers, () => store.forgetMembers(index, ['m', 'b']), ['index']],
    ['a list of members', hasMembers, () => store.members(index), ['index']],
    ['tokens', hasOne, () => store.takeTokens([one, other], MINUTE), ['one', 'other']],
    ['a hit', hasHits, () => store.hit(hits, rule), ['hits']],
  ];

  it.each(calls)('CN13 has written nothing: %s', async (_, prepare, call, fails) => {
    const failed = new Set<Role>();
    for (const [role, key] of Object.entries(KEYS) as [Role, string][])
      for (const [command, ...args] of SPOILS) {
        await redis('FLUSHALL');
        await prepare();
        if ((await redis('DEL', key)) === 0 && !fails.includes(role)) break;
        await redis(command, key, ...args);
        const before = await snapshot();
        const { error } = await settle(call);
        if (error === undefined) continue;
        failed.add(role);
        expect([role, command, args, await snapshot()]).toEqual([role, command, args, before]);
      }
    expect([...failed]).toEqual(fails);
  });

  it('CN13 an item that is not a time counts as one that has passed', async () => {
    const soon = String(Date.now() + MINUTE);
    const item = fc.constantFrom(
      soon,
      '1',
      'inf',
      '-inf',
      'nan',
      '-1',
      '1e300',
      '0x10',
      '',
      'odd',
      '9'.repeat(40),
    );
    const head = fc.oneof(
      item,
      fc.tuple(item, item).map(([a, b]) => `${a}:${b}`),
    );
    const rules = fc.record({
      windowMs: fc.constantFrom(MINUTE, 2 ** 52),
      limit: fc.integer({ min: 1, max: 3 }),
      blockMs: fc.constantFrom(0, MINUTE, 2 ** 52),
    });
    await fc.assert(
      fc.asyncProperty(head, fc.array(item, { maxLength: 4 }), rules, async (first, items, given) => {
        await redis('DEL', hits);
        await redis('RPUSH', hits, first, ...items);
        for (let again = 0; again < 2; again++) {
          const outcome = await store.hit(hits, given);
          for (const number of [outcome.hits, outcome.windowRemainingMs, outcome.blockRemainingMs])
            expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
          expect(await redis('LINDEX', hits, '0')).toMatch(/^\d{1,16}:\d{1,16}$/);
          expect(await redis<number>('PTTL', hits)).toBeGreaterThan(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});
