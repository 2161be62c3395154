import { SaveQueue } from '../../../../lib/session/stored/save-queue.js';

describe('SaveQueue', () => {
  it('lets the saves of one session go one after another, whatever becomes of each', async () => {
    const queue = new SaveQueue();
    const steps: string[] = [];
    const save =
      (name: string, fails = false) =>
      async () => {
        steps.push(`${name} begins`);
        await Promise.resolve();
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
      };
    const results = await Promise.allSettled([
      queue.run('k', save('one')),
      queue.run('k', save('two', true)),
      queue.run('k', save('three')),
    ]);
    expect(steps).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('does not hold up other sessions', async () => {
    const queue = new SaveQueue();
    let release = (): void => undefined;
    const held = queue.run('k', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(queue.run('other', () => Promise.resolve('done'))).resolves.toBe('done');
    release();
    await held;
  });

  it('hands the latest text on, until the queue is empty', async () => {
    const queue = new SaveQueue();
    const seen: (string | undefined)[] = [];
    const save = (text: string): Promise<void> =>
      queue.run('k', async (lane) => {
        seen.push(lane.latest);
        await Promise.resolve();
        lane.latest = text;
      });
    await Promise.all([save('one'), save('two')]);
    await save('three');
    expect(seen).toStrictEqual([undefined, 'one', undefined]);
  });
});
