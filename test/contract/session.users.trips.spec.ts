import { randomUUID } from 'node:crypto';
import type { SessionSettings } from '../../lib/config/settings.js';
import { SessionService } from '../../lib/session/session.service.js';
import { ClusterLink } from '../../lib/store/redis/cluster/cluster-link.js';
import type { RedisLink } from '../../lib/store/redis/link/redis-link.js';
import { RedisStore } from '../../lib/store/redis/redis-store.js';
import { SentinelLink } from '../../lib/store/redis/sentinel/sentinel-link.js';
import { SingleLink } from '../../lib/store/redis/single/single-link.js';
import { TestClock } from '../../lib/testing/test-clock.js';
import { CountingLink } from '../support/counting-link.js';
import { sessionSettings } from '../support/sessions.js';
import { clusterServing, sharedCluster, sharedSentinel } from '../support/shared-topologies.js';

const bounds = { clientOptions: {}, operationTimeoutMs: 1000, connectTimeoutMs: 5000 };

const LINKS: readonly (readonly [name: string, open: () => Promise<RedisLink>])[] = [
  ['one Redis', () => Promise.resolve(new SingleLink({ url: process.env['TEST_REDIS_URL']!, ...bounds }))],
  [
    'a Cluster',
    async () => {
      await clusterServing();
      return new ClusterLink({ cluster: sharedCluster(), ...bounds });
    },
  ],
  ['Sentinel', () => Promise.resolve(new SentinelLink({ sentinel: sharedSentinel(), ...bounds }))],
];

describe.each(LINKS)('The round trips that the index of a user costs, on %s', (_, open) => {
  const clock = new TestClock();
  const projectName = `test-${randomUUID()}`;
  let link: CountingLink;
  let store: RedisStore;
  let sessions: SessionService;
  let users = 0;
  let user: string;

  const serviceWith = (settings: Partial<SessionSettings> = {}): SessionService =>
    new SessionService(store, sessionSettings({ projectName, ...settings }), clock);

  beforeAll(async () => {
    link = new CountingLink(await open());
    store = new RedisStore(link);
    await store.connect();
    sessions = serviceWith();
  });

  beforeEach(() => {
    user = `user ${++users}`;
  });

  afterAll(async () => {
    for await (const page of store.scan(`${projectName}*`)) await store.deleteMany(page);
    await store.close();
  });

  const trips = async (work: () => Promise<unknown>): Promise<number> => (await link.during(work)).trips;

  /** The trips of a sign-in of a visitor who has a session. */
  const signIn = async (service = sessions): Promise<{ key: string; trips: number }> => {
    const session = await service.load((await service.create()).key!);
    await session.signIn(user);
    const sent = await trips(() => service.commit(session));
    return { key: session.key!, trips: sent };
  };

  it('US5 a sign-in and a rotation take 2 more than those of a visitor', async () => {
    const visitor = await sessions.load((await sessions.create()).key!);
    await visitor.cycleKey();
    const without = await trips(() => sessions.commit(visitor));
    const { key, trips: signedIn } = await signIn();
    const moving = await sessions.load(key);
    await moving.cycleKey();
    expect([signedIn, await trips(() => sessions.commit(moving))]).toEqual([without + 2, without + 2]);
  });

  it.each<[string, Partial<SessionSettings>, number]>([
    ['a save', {}, 1],
    ['an extension', { saveEveryRequest: true }, 1],
    ['a read that extends nothing', {}, 0],
  ])('US5 %s that the index is to be told of takes no further one', async (deed, settings, expected) => {
    const service = serviceWith(settings);
    const { key } = await signIn(service);
    clock.advance(2 * 86_400_000);
    const session = await service.load(key);
    if (deed === 'a save') session.set('a', 1);
    const { trips: sent, commands } = await link.during(() => service.commit(session));
    expect([sent, commands.length]).toEqual([expected, 2 * expected]);
  });

  it('US5 a logout takes no further one', async () => {
    const session = await sessions.load((await signIn()).key);
    expect(await trips(() => session.flush())).toBe(1);
  });

  it.each([1, 12])('US5 of %i sessions a list takes one and a batch, ending them all 3', async (count) => {
    for (let i = 0; i < count; i++) await signIn();
    expect(await trips(() => sessions.ofUser(user))).toBe(2);
    expect(await trips(() => sessions.endOfUser(user))).toBe(3);
  });

  it('US5 a sign-in that ends the oldest takes at most one more', async () => {
    const limited = serviceWith({ perUser: { limit: 1, whenFull: 'end-oldest' } });
    const { key, trips: first } = await signIn(limited);
    const { trips: second } = await signIn(limited);
    expect(second).toBeLessThanOrEqual(first + 1);
    expect(await limited.exists(key)).toBe(false);
  });

  it('US5 a full refuse takes one to look, whatever the number, and decides again', async () => {
    const limited = serviceWith({ perUser: { limit: 5, whenFull: 'refuse' } });
    const { key, trips: first } = await signIn(limited);
    for (let i = 1; i < 5; i++) await signIn(limited);
    await store.delete(`${projectName}:session:${key}`);
    expect((await signIn(limited)).trips).toBe(first + 2);
  });
});
