import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import type { Subscription } from '../../lib/store/subscription.js';
import { until } from '../support/redis-admin.js';
import { describeOnEveryStore } from '../support/store-suite.js';
import { stores } from '../support/stores.js';

describeOnEveryStore('The channels of a store', (context) => {
  const subscriptions: Subscription[] = [];

  afterEach(() => Promise.all(subscriptions.splice(0).map((subscription) => subscription.end())));

  const listen = async (name: string, store: KeyValueStore = context.store): Promise<string[]> => {
    const heard: string[] = [];
    const subscription = store.subscribe(context.prefix + name, (message) => heard.push(message));
    subscriptions.push(subscription);
    await subscription.ready;
    return heard;
  };

  const publish = (name: string, message: string, store = context.store): Promise<void> =>
    store.publish(context.prefix + name, message);

  /** What one has heard once the last message has arrived. */
  const heardBy = async (heard: readonly string[], last: string): Promise<readonly string[]> => {
    await until(`${last} arrives`, () => Promise.resolve(heard.includes(last)));
    return heard;
  };

  it('a message reaches everybody who listens to its channel, whichever client has sent it, in the order of sending', async () => {
    const [here, too, there, elsewhere] = [
      await listen('a'),
      await listen('a'),
      await listen('a', context.other),
      await listen('b'),
    ];
    for (const message of ['1', '2', '3']) await publish('a', message);
    await publish('a', 'last', context.other);
    await publish('b', 'other');
    for (const heard of [here, too, there])
      expect(await heardBy(heard, 'last')).toEqual(['1', '2', '3', 'last']);
    expect(await heardBy(elsewhere, 'other')).toEqual(['other']);
  });

  it.each([[''], ['äöü 🙂'], ['a\r\nb\0c'], ['x'.repeat(100_000)]])(
    'takes %j as a message',
    async (message) => {
      const heard = await listen('a');
      await publish('a', message);
      await publish('a', 'last');
      expect(await heardBy(heard, 'last')).toEqual([message, 'last']);
    },
  );

  it('nothing arrives after the end of a subscription, which concerns no other', async () => {
    const [ended, other] = [await listen('a'), await listen('a')];
    const [first] = subscriptions;
    await Promise.all([first!.end(), first!.end()]);
    await publish('a', 'last');
    await heardBy(other, 'last');
    expect(ended).toEqual([]);
  });

  it('a message that nobody listens to is no failure, and nothing is kept of it', async () => {
    await publish('a', 'early');
    expect(await context.redisKeys()).toEqual([]);
  });
});

describe.each(stores)('The channels of $name that is closed', ({ open }) => {
  it('end, and there are no new ones', async () => {
    const opened = await open();
    const heard: string[] = [];
    const before = opened.store.subscribe('closed', (message) => heard.push(message));
    await before.ready;
    await opened.store.close();
    if (opened.other !== opened.store) await opened.other.publish('closed', 'late');
    const after = opened.store.subscribe('closed', (message) => heard.push(message));
    await expect(after.ready).rejects.toThrow(RedisConnectionError);
    await expect(opened.store.publish('closed', 'late')).rejects.toThrow(RedisConnectionError);
    await Promise.all([before.end(), after.end()]);
    expect(heard).toEqual([]);
    await opened.close();
  });
});
