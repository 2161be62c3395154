import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import { SessionService } from '../../lib/session/session.service.js';
import { bundledProgram } from '../support/bundled-program.js';
import { roundsOf } from '../support/long-run.js';
import { sessionSettings } from '../support/sessions.js';
import { cluster, memory, type OpenedStore, redis, sentinel } from '../support/stores.js';

const ROUNDS = 300;
const MOST_ROUNDS = 3000;

describe.each([memory, redis, cluster, sentinel])(
  'The sessions of a user on a real $name',
  ({ name, open }) => {
    const projectName = `test-${randomUUID()}`;
    let opened: OpenedStore;
    let here: SessionService;
    let there: SessionService;

    beforeAll(async () => {
      opened = await open();
      here = new SessionService(opened.store, sessionSettings({ projectName }), opened.clock);
      there = new SessionService(opened.other, sessionSettings({ projectName }), opened.clock);
    });

    afterAll(async () => {
      for await (const page of opened.store.scan(`${projectName}:*`)) await opened.store.deleteMany(page);
      await opened.close();
    });

    const signedIn = async (userId: string): Promise<string> => {
      const session = here.open();
      await session.signIn(userId);
      await here.commit(session);
      return session.key!;
    };

    const membersOf = async (userId: string): Promise<string[]> =>
      (await opened.store.members(`${projectName}:user:${userId}`)).map(({ key }) => key);

    it('US3 no session outlives an ending of all that a sign-in, a rotation and a save overlapped, 300 times', async () => {
      let overlapped = 0;
      for (let round = 0; overlapped < ROUNDS && round < MOST_ROUNDS; round++) {
        const userId = `raced ${round}`;
        const key = await signedIn(userId);
        const visitor = await here.create();
        const [rotating, saving, arriving] = await Promise.all([
          there.load(key),
          here.load(key),
          there.load(visitor.key!),
        ]);
        saving.set('a', round);
        await arriving.signIn(userId);
        let time = 0;
        const timed = async (work: () => Promise<unknown>): Promise<{ begun: number; ended: number }> => {
          const begun = ++time;
          await work().catch((error: unknown) => {
            expect(error).toBeInstanceOf(SessionInterruptedError);
          });
          return { begun, ended: ++time };
        };
        const works = [
          () => there.cycleKey(rotating),
          () => here.commit(saving),
          () => there.commit(arriving),
          () => here.endOfUser(userId),
        ];
        // each begins first at times
        const order = works.map((_, i) => (i + round) % works.length);
        const spans = await Promise.all(order.map((i) => timed(works[i]!)));
        const ending = spans[order.indexOf(3)]!;
        if (spans.every(({ begun, ended }) => begun < ending.ended && ended > ending.begun)) overlapped++;

        // what stood in the index when the call began is gone, under whatever key
        expect(await here.exists(key)).toBe(false);
        if (rotating.key !== null) expect(await here.exists(rotating.key)).toBe(false);
        // a sign-in beside it is another session, which the index knows if it lives
        const left = (await here.ofUser(userId)).length;
        const arrived = arriving.key !== null && (await here.exists(arriving.key));
        expect(left).toBe(arrived ? 1 : 0);
        await here.endOfUser(userId);
        if (arriving.key !== null) expect(await here.exists(arriving.key)).toBe(false);
        expect(await membersOf(userId)).toEqual([]);
      }
      expect(overlapped).toBe(ROUNDS);
    }, 240_000);

    if (name === redis.name) {
      it.each(['signIn', 'cycleKey', 'endOfUser'] as const)(
        'US4 a process that is killed between any two steps of %s leaves nothing alive outside of the index',
        async (deed) => {
          for (let steps = 0, isOver = false; !isOver; steps++) {
            const userId = `${deed} ${steps}`;
            const keys = [await signedIn(userId), await signedIn(userId)];
            isOver = !(await runKilled({ deed, userId, key: keys[0]!, steps }));
            await checkWhatIsLeft(userId, keys);
          }
        },
        240_000,
      );

      // of a short run those that have announced themselves, as most depends on them
      it.each(
        (
          [
            ['signIn', roundsOf(2, 1)],
            ['cycleKey', roundsOf(3, 1)],
          ] as const
        ).flatMap(([deed, last]) => Array.from({ length: last }, (_, i) => [deed, i + 1] as const)),
      )(
        'US4 a process that is killed in %s, with all sessions ended by another one after step %d, leaves nothing alive outside of the index',
        async (deed, endsAt) => {
          for (let steps = endsAt, isOver = false; !isOver; steps++) {
            const userId = `${deed} ${endsAt} ${steps}`;
            const keys = [await signedIn(userId), await signedIn(userId)];
            const task = { deed, userId, key: keys[0]!, steps, waitsAt: endsAt };
            isOver = !(await runKilled(task, () => here.endOfUser(userId)));
            for (const key of keys) expect(await here.exists(key)).toBe(false);
            await checkWhatIsLeft(userId, keys);
          }
        },
        240_000,
      );
    }

    const checkWhatIsLeft = async (userId: string, keys: readonly string[]): Promise<void> => {
      const indexed = await membersOf(userId);
      for await (const page of opened.store.scan(`${projectName}:session:*`))
        for (const redisKey of page) {
          const key = redisKey.slice(`${projectName}:session:`.length);
          if ((await here.load(key)).get('_auth_user_id') === userId) expect(indexed).toContain(key);
        }
      await here.endOfUser(userId);
      expect(await membersOf(userId)).toEqual([]);
      for (const key of [...keys, ...indexed]) expect(await here.exists(key)).toBe(false);
    };

    /** Whether the process was killed before it was through. */
    const runKilled = async (
      task: object,
      meanwhile: () => Promise<unknown> = () => Promise.resolve(),
    ): Promise<boolean> => {
      const child = spawn(process.execPath, [await bundledProgram('killed-process')], {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          TASK: JSON.stringify({ ...task, projectName, url: process.env['TEST_REDIS_URL'] }),
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      child.stdout.once('data', () => void meanwhile().then(() => child.stdin.end('go on')));
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (signal !== 'SIGKILL') expect(code).toBe(0);
      return signal === 'SIGKILL';
    };
  },
);
