import { randomUUID } from 'node:crypto';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import { systemClock } from '../../lib/common/clock.js';
import { cluster, type OpenedStore, redis, sentinel } from '../support/stores.js';
import { sessionSettings } from '../support/sessions.js';

/** Races are rare: each is run over and over, with two clients as two processes would have. */
describe.each([redis, cluster, sentinel])('Sessions on a real $name, raced', ({ open }) => {
  const projectName = `test-${randomUUID()}`;
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(97 + index));
  let opened: OpenedStore;
  let here: SessionService;
  let there: SessionService;

  beforeAll(async () => {
    opened = await open();
    here = new SessionService(opened.store, sessionSettings({ projectName }), systemClock);
    there = new SessionService(opened.other, sessionSettings({ projectName }), systemClock);
  });

  afterAll(async () => {
    for await (const page of opened.store.scan(`${projectName}:*`)) await opened.store.deleteMany(page);
    await opened.close();
  });

  it('S57 26 requests that set an entry each lose none, 50 times', async () => {
    for (let round = 0; round < 50; round++) {
      const { key } = await here.create();
      await Promise.all(
        letters.map(async (letter, index) => {
          const service = index % 2 === 0 ? here : there;
          const session = await service.load(key!);
          session.set(letter, round);
          await service.commit(session);
        }),
      );
      expect((await here.load(key!)).toJSON()).toEqual(
        Object.fromEntries(letters.map((letter) => [letter, round])),
      );
      await here.delete(key!);
    }
  });

  it('S55 S56 a save against a logout never revives the session, 300 times', async () => {
    for (let round = 0; round < 300; round++) {
      const created = await here.create();
      const key = created.key!;
      const [slow, leaving] = await Promise.all([here.load(key), there.load(key)]);
      slow.set('a', round);
      const [first, second] = round % 2 === 0 ? [slow, leaving] : [leaving, slow];
      const end = (session: typeof slow): Promise<unknown> =>
        session === slow ? here.commit(slow) : leaving.flush();
      const outcomes = await Promise.allSettled([end(first), end(second)]);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SessionInterruptedError);
      expect(await here.exists(key)).toBe(false);
    }
  });

  it('SX1 S22 S55 a logout reaches the session that a cycle moves, 100 times', async () => {
    for (let round = 0; round < 100; round++) {
      const created = await here.create();
      const key = created.key!;
      const [cycling, leaving] = await Promise.all([here.load(key), there.load(key)]);
      const [cycled] = await Promise.allSettled([here.cycleKey(cycling), leaving.flush()]);
      expect(await here.exists(key)).toBe(false);
      if (cycled.status === 'rejected') expect(cycled.reason).toBeInstanceOf(SessionInterruptedError);
      for await (const page of opened.store.scan(`${projectName}:session:*`)) expect(page).toEqual([]);
    }
  });

  it('S22 a cycle against saves loses none of them, 50 times', async () => {
    for (let round = 0; round < 50; round++) {
      const { key } = await here.create();
      const cycling = await here.load(key!);
      const others = await Promise.all(letters.slice(0, 5).map(() => there.load(key!)));
      others.forEach((session, index) => session.set(`entry${index}`, round));
      const saves = others.map((session) => there.commit(session));
      const [cycle, ...saved] = await Promise.allSettled([here.cycleKey(cycling), ...saves]);
      expect(cycle.status).toBe('fulfilled');
      const left = await here.load(cycling.key!);
      saved.forEach((save, index) => {
        expect(left.has(`entry${index}`)).toBe(save.status === 'fulfilled');
        if (save.status === 'rejected') expect(save.reason).toBeInstanceOf(SessionInterruptedError);
      });
      await here.delete(cycling);
    }
  });

  it('S58 creates at the same time never share a key, 300 times', async () => {
    const keys = new Set<string>();
    for (let round = 0; round < 300; round++) {
      const created = await Promise.all([here.create(), there.create(), here.create()]);
      for (const { key } of created) keys.add(key!);
      await Promise.all(created.map((session) => here.delete(session)));
    }
    expect(keys.size).toBe(900);
  });
});
