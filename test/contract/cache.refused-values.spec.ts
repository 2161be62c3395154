import { defineCache, TypedCache } from 'nestjs-codex-redis';
import { CacheCoder } from 'nestjs-codex-redis/cache-coder';
import { setTimeout as pause } from 'node:timers/promises';
import { blamedLine, failureOf, nextLine } from '../support/blamed-line.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const notJson = { user: { seen: new Date() } };
const REFUSED = 'cache key "k": user.seen: Date is not JSON; use CacheCoder.dumpDatetime()';

const later = async (value: unknown): Promise<never> => {
  await pause(1);
  return value as never;
};

const books = defineCache({
  name: 'book',
  key: (id: number) => id,
  shape: CacheCoder.shape({ title: 'string' }),
});

const anything = defineCache({
  name: 'any',
  key: (id: number) => id,
  schema: {
    '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
  },
});

describeOnEveryStore('A value that is not JSON', (context) => {
  it('CN16 is refused by set, add, setMany, getOrSet and getOrSetMany with the key, the path and the line of the caller', async () => {
    const { cache } = context;
    const lines: string[] = [];
    const calls = {
      set: async () => {
        lines.push(nextLine());
        await cache.set('k', notJson);
      },
      add: async () => {
        lines.push(nextLine());
        await cache.add('k', notJson);
      },
      setMany: async () => {
        lines.push(nextLine());
        await cache.setMany({ fine: 1, k: notJson });
      },
      getOrSet: async () => {
        lines.push(nextLine());
        await cache.getOrSet('k', () => later(notJson));
      },
      getOrSetMany: async () => {
        lines.push(nextLine());
        await cache.getOrSetMany(['fine', 'k'], () => later({ k: notJson }));
      },
    };
    const errors = [];
    for (const call of Object.values(calls)) errors.push(await failureOf(call));

    for (const error of errors) {
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toHaveProperty('message', REFUSED);
    }
    expect(errors.map(blamedLine)).toEqual(lines);
    expect(lines[0]).toMatch(/^cache\.refused-values\.spec\.ts:\d+$/);
    expect(await cache.has('fine')).toBe(false);
  });

  it('CN16 is refused to each caller that shares a getOrSet, at its own line', async () => {
    const { cache } = context;
    const lines: string[] = [];
    const first = async (): Promise<void> => {
      lines.push(nextLine());
      await cache.getOrSet('k', () => later(undefined));
    };
    const second = async (): Promise<void> => {
      lines.push(nextLine());
      await cache.getOrSet('k', () => later(undefined));
    };
    const errors = await Promise.all([failureOf(first), failureOf(second)]);

    expect(errors.map(blamedLine)).toEqual(lines);
    for (const error of errors)
      expect(error).toHaveProperty(
        'message',
        'getOrSet: the factory for "k" returned undefined; return null to store that there is nothing',
      );
  });

  it('CN16 within a factory is blamed on the factory', async () => {
    const { cache } = context;
    let line = '';
    const factory = async (): Promise<number> => {
      line = nextLine();
      await cache.set('other', notJson);
      return 1;
    };
    const own = new TypeError('of the factory');

    expect(blamedLine(await failureOf(async () => cache.getOrSet('k', factory)))).toBe(line);
    expect(await failureOf(async () => cache.getOrSet('k', () => Promise.reject(own)))).toBe(own);
  });

  it('CN16 is refused by typed caches in the same way', async () => {
    const typed = new TypedCache(books, () => context.cache);
    const untyped = new TypedCache(anything, () => context.cache);
    const wrong = { title: 1 } as unknown as { title: string };
    const lines: string[] = [];
    const calls: [message: string, call: () => Promise<unknown>][] = [
      [
        'cache key "book:7": title: expected a text, not a number',
        async () => {
          lines.push(nextLine());
          await typed.set(7, wrong);
        },
      ],
      [
        'cache key "book:7": title: expected a text, not a number',
        async () => {
          lines.push(nextLine());
          await typed.setMany([[7, wrong]]);
        },
      ],
      [
        'cache key "book:7": title: expected a text, not a number',
        async () => {
          lines.push(nextLine());
          await typed.getOrSet(7, () => later(wrong));
        },
      ],
      [
        'cache key "book:7": title: expected a text, not a number',
        async () => {
          lines.push(nextLine());
          await typed.getOrSetMany([8, 7], () => later([[7, wrong] as const]));
        },
      ],
      [
        REFUSED.replace('"k"', '"any:1"'),
        async () => {
          lines.push(nextLine());
          await untyped.set(1, notJson);
        },
      ],
      [
        REFUSED.replace('"k"', '"any:1"'),
        async () => {
          lines.push(nextLine());
          await untyped.setMany([[1, notJson]]);
        },
      ],
      [
        REFUSED.replace('"k"', '"any:1"'),
        async () => {
          lines.push(nextLine());
          await untyped.getOrSet(1, () => later(notJson));
        },
      ],
    ];
    const errors = [];
    for (const [, call] of calls) errors.push(await failureOf(call));

    expect(errors.map((error) => (error as Error).message)).toEqual(calls.map(([message]) => message));
    expect(errors.map(blamedLine)).toEqual(lines);
  });
});
