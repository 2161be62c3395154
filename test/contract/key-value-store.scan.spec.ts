import fc from 'fast-check';
import { escapeGlob } from '../../lib/common/glob.js';
import { describeOnEveryStore } from '../support/store-suite.js';

describeOnEveryStore('KeyValueStore.scan', (context) => {
  const fill = async (names: readonly string[]): Promise<void> => {
    await context.store.setMany(
      names.map((name) => [`${context.prefix}:${name}`, name] as const),
      null,
    );
  };
  const found = async (glob: string): Promise<string[]> => {
    const names = new Set<string>();
    for await (const page of context.store.scan(`${context.prefix}:${glob}`))
      for (const key of page) names.add(key.slice(context.prefix.length + 1));
    return [...names].sort();
  };

  it.each([
    ['*', ['a', 'ab', 'abc', 'b', '^', 'é', '[', '\\', ']', '-']],
    ['a*', ['a', 'ab', 'abc']],
    ['*b*', ['ab', 'abc', 'b']],
    ['a?', ['ab']],
    ['?', ['a', 'b', '^', '[', '\\', ']', '-']],
    ['??', ['ab', 'é']],
    ['[ab]', ['a', 'b']],
    ['[^ab]', ['^', '[', '\\', ']', '-']],
    ['[a-c]', ['a', 'b']],
    ['[c-a]', ['a', 'b']],
    ['[\\^\\]]', ['^', ']']],
    ['\\[', ['[']],
    ['\\\\', ['\\']],
    ['[ab', ['a', 'b']],
    ['[', []],
    ['[]', []],
    ['[^]', ['a', 'b', '^', '[', '\\', ']', '-']],
    ['\\', ['\\']],
    ['a**c', ['abc']],
    ['é', ['é']],
    ['nothing', []],
  ])('reads the glob %s as Redis does', async (glob, expected) => {
    await fill(['a', 'ab', 'abc', 'b', '^', 'é', '[', '\\', ']', '-']);
    expect(await found(glob)).toEqual([...expected].sort());
  });

  it('finds exactly the key whose escaped text is asked for', async () => {
    const names = fc.uniqueArray(
      fc.string({
        unit: fc.constantFrom('a', 'b', '*', '?', '[', ']', '\\', '^', '-', '{', 'é'),
        minLength: 1,
      }),
      {
        minLength: 1,
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(names, async (given) => {
        await fill(given);
        for (const name of given) expect(await found(escapeGlob(name))).toEqual([name]);
        await context.end();
      }),
      { numRuns: 25 },
    );
  });

  it('finds every key of many, a bounded page at a time', async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `n${i}`);
    await fill(names);
    let largest = 0;
    const keys = new Set<string>();
    for await (const page of context.store.scan(`${context.prefix}:*`)) {
      largest = Math.max(largest, page.length);
      page.forEach((key) => keys.add(key));
    }
    expect(keys.size).toBe(2500);
    expect(largest).toBeLessThanOrEqual(1000);
  });

  it('finds what stays while others come and go', async () => {
    await fill(Array.from({ length: 1000 }, (_, i) => `stays${i}`));
    await fill(Array.from({ length: 1000 }, (_, i) => `goes${i}`));
    const stayed = new Set<string>();
    let step = 0;
    for await (const page of context.store.scan(`${context.prefix}:*`)) {
      page.filter((key) => key.includes('stays')).forEach((key) => stayed.add(key));
      await context.store.deleteMany(page.filter((key) => key.includes('goes')));
      await fill([`comes${step++}`]);
    }
    expect(stayed.size).toBe(1000);
  });

  it('may be left in the middle', async () => {
    await fill(Array.from({ length: 1000 }, (_, i) => `n${i}`));
    for await (const page of context.store.scan(`${context.prefix}:*`)) if (page.length > 0) break;
    expect(await context.store.has(`${context.prefix}:n1`)).toBe(true);
  });

  it('leaves out what has expired', async () => {
    await fill(['a', 'b']);
    await context.store.expire(`${context.prefix}:a`, 60_000);
    await context.elapseRedisKey(`${context.prefix}:a`, 60_000);
    expect(await found('*')).toEqual(['b']);
  });
});
