import { RedisConnectionError } from '../../lib/errors/redis.errors.js';
import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import type { SessionService } from '../../lib/session/session.service.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { inEveryOrder } from '../support/orders.js';
import { sessionKeysOf, sessionsOf, storeKeyOf, storeSession, storeWith } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

const MINUTE = 60_000;

/** There are hundreds of orders, each with a dozen commands. */
const A_MINUTE_OF_ORDERS = 60_000;

/** A store that carries out so many verbs of a process, and nothing after: it has crashed. */
const crashingAfter = (
  store: KeyValueStore,
  steps: number,
): { store: KeyValueStore; crashed: () => boolean } => {
  let left = steps;
  const crashing = new Proxy(store, {
    get: (target, verb) => {
      const member = Reflect.get(target, verb) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown =>
        left-- > 0
          ? Reflect.apply(member, target, args)
          : Promise.reject(new RedisConnectionError('crashed'));
    },
  });
  return { store: crashing, crashed: () => left < 0 };
};

describeOnEveryStore('The sessions of a user, interrupted and overlapping', (context) => {
  let sessions: SessionService;

  beforeEach(() => {
    sessions = sessionsOf(context);
  });

  const index = (): string => `${context.prefix}:user:7`;

  const signedIn = async (): Promise<string> => {
    const session = sessions.open();
    await session.signIn(7);
    await sessions.commit(session);
    return session.key!;
  };

  /** The keys of the stored sessions that are the user's. */
  const storedKeys = async (): Promise<string[]> => {
    const keys = (await sessionKeysOf(context)).map((key) => key.slice(storeKeyOf(context, '').length));
    const loaded = await Promise.all(keys.map((key) => sessions.load(key)));
    return loaded.filter((session) => session.get('_auth_user_id') === '7').map(({ key }) => key!);
  };

  const indexedKeys = async (): Promise<string[]> =>
    (await context.store.members(index())).map(({ key }) => key);

  /** What US4 says of any state that a crash may leave; the copies whose keys no browser has. */
  const checkWhatIsLeft = async (known: readonly string[], hasCrashed: boolean): Promise<string[]> => {
    const members = await context.store.members(index());
    const indexed = members.map(({ key }) => key);
    const stored = await storedKeys();
    for (const key of stored) expect(indexed).toContain(key);
    const copies = hasCrashed ? stored.filter((key) => !known.includes(key)) : [];
    for (const { key, state } of members) if (copies.includes(key)) expect(state).toBe('pending');
    // what was announced and never confirmed is ended by the next look
    await context.elapseMembers(index(), MINUTE);
    await sessions.ofUser(7);
    for (const key of copies) expect(await sessions.exists(key)).toBe(false);
    expect((await indexedKeys()).sort()).toEqual((await storedKeys()).sort());
    expect(await sessions.ofUser(7)).toHaveLength((await storedKeys()).length);
    // nothing dead stands in the way
    const refusing = sessionsOf(context, {
      perUser: { limit: (await storedKeys()).length + 1, whenFull: 'refuse' },
    });
    const next = refusing.open();
    await next.signIn(7);
    await refusing.commit(next);
    await sessions.endOfUser(7);
    expect(await storedKeys()).toEqual([]);
    expect(await indexedKeys()).toEqual([]);
    return copies;
  };

  const deeds: Record<string, () => Promise<(service: SessionService) => Promise<unknown>>> = {
    'a sign-in': async () => {
      const key = await storeSession(sessions, { cart: [1] });
      await signedIn();
      return async (service) => {
        const session = await service.load(key);
        await session.signIn(7);
        await service.commit(session);
      };
    },
    'a sign-in of another user': async () => {
      const key = await signedIn();
      return async (service) => {
        const session = await service.load(key);
        await session.signIn(8);
        await service.commit(session);
      };
    },
    'a sign-in that ends the oldest': async () => {
      await signedIn();
      const key = await storeSession(sessions, { cart: [1] });
      return async () => {
        // the service of the test has no limit
        const limited = sessionsOf(
          context,
          { perUser: { limit: 1, whenFull: 'end-oldest' } },
          { store: crash!.store },
        );
        const session = await limited.load(key);
        await session.signIn(7);
        await limited.commit(session);
      };
    },
    'a rotation': async () => {
      const key = await signedIn();
      return async (service) => service.cycleKey(await service.load(key));
    },
    'an ending of all': async () => {
      await signedIn();
      await signedIn();
      return (service) => service.endOfUser(7);
    },
    'a logout': async () => {
      const key = await signedIn();
      return async (service) => (await service.load(key)).flush();
    },
    'a save that indexes what Django has bound': async () => {
      const key = 'd'.repeat(32);
      await context.store.set(storeKeyOf(context, key), sessions.encode({ _auth_user_id: '7' }), 60 * MINUTE);
      // until it is met, nobody knows of it
      await sessions.reindex();
      return async (service) => {
        const session = await service.load(key);
        session.set('a', 1);
        await service.commit(session);
      };
    },
  };

  const LEAVE_COPIES = ['a sign-in', 'a sign-in that ends the oldest', 'a rotation'];

  let crash: ReturnType<typeof crashingAfter> | undefined;

  it.each(Object.keys(deeds))(
    'US4 a crash between any two steps of %s leaves no live session outside of the index, and no dead one that blocks anything',
    async (name) => {
      const copies: string[] = [];
      for (let steps = 0, isOver = false; !isOver; steps++) {
        await context.end();
        const deed = await deeds[name]!();
        const known = await storedKeys();
        crash = crashingAfter(context.store, steps);
        await deed(sessionsOf(context, {}, crash)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(RedisConnectionError);
        });
        isOver = !crash.crashed();
        copies.push(...(await checkWhatIsLeft(known, !isOver)));
      }
      expect(copies.length > 0).toBe(LEAVE_COPIES.includes(name));
    },
  );

  it('US3 a sign-in whose session is stored when the traces of an ending of all are gone is undone', async () => {
    const service = sessionsOf(
      context,
      {},
      {
        store: storeWith(context.store, {
          setIfUntraced: async (key, trace, ...rest) => {
            await sessions.endOfUser(7);
            await context.elapseRedisKey(trace, MINUTE + 1);
            return context.store.setIfUntraced(key, trace, ...rest);
          },
        }),
      },
    );
    const session = service.open();
    await session.signIn(7);
    await expect(service.commit(session)).rejects.toThrow(SessionInterruptedError);
    expect(await storedKeys()).toEqual([]);
    expect(await indexedKeys()).toEqual([]);
  });

  // a server answers calls of one tick in an order of its own; there session-users.spec.ts races them
  describe('US3, every order in which the store may answer', () => {
    const tolerant = (work: Promise<unknown>): Promise<unknown> =>
      work.catch((error: unknown) => {
        if (!(error instanceof RedisConnectionError)) expect(error).toBeInstanceOf(SessionInterruptedError);
      });

    type Actor = (service: SessionService, key: string, visitor: string) => Promise<() => Promise<unknown>>;

    // each has loaded its session before the store begins to play with the order
    const actors: Record<string, Actor> = {
      rotation: async (service, key) => {
        const session = await sessions.load(key);
        return () => tolerant(service.cycleKey(session));
      },
      save: async (service, key) => {
        const session = await sessions.load(key);
        session.set('a', 1);
        return () => tolerant(service.save(session));
      },
      'sign-in': async (service, _key, visitor) => {
        const session = await sessions.load(visitor);
        await session.signIn(7);
        return () => tolerant(service.save(session));
      },
      logout: (service, key) => Promise.resolve(() => service.delete(key)),
      list: (service) => Promise.resolve(() => service.ofUser(7)),
    };

    const play = (
      names: readonly string[],
      except: boolean,
      check: (key: string) => Promise<void>,
    ): Promise<number> =>
      inEveryOrder(context.store, async (storeOf) => {
        await context.end();
        const [key, visitor] = [await signedIn(), await storeSession(sessions, { cart: [1] })];
        const own = await sessions.load(key);
        const service = (actor: number): SessionService => sessionsOf(context, {}, { store: storeOf(actor) });
        // a service of the held store saves what another one has loaded
        const played = await Promise.all(names.map((name, i) => actors[name]!(service(i), key, visitor)));
        const ending = service(names.length);
        return {
          actors: [
            ...played.map((work) => async () => {
              await work();
            }),
            async () => {
              await ending.endOfUser(7, except ? { except: own } : {});
            },
          ],
          check: () => check(key),
        };
      });

    it.each([[['rotation']], [['save']], [['sign-in']], [['logout']], [['list']]])(
      'US3 end all beside %p: no session outlives it that stood in the index when it began',
      async (names) => {
        if (!context.movesAllTime) return;
        const orders = await play(names, false, async () => {
          const stored = await storedKeys();
          // a sign-in that was faster or slower is another session
          if (!names.includes('sign-in')) expect(stored).toEqual([]);
          const indexed = await indexedKeys();
          for (const key of stored) expect(indexed).toContain(key);
          await sessions.endOfUser(7);
          expect(await storedKeys()).toEqual([]);
          expect(await indexedKeys()).toEqual([]);
        });
        expect(orders).toBeGreaterThan(3);
      },
      A_MINUTE_OF_ORDERS,
    );

    it.each(['sign-in', 'rotation'])(
      'US3 US4 a crash between any two steps of a %s beside an ending of all leaves nothing alive outside of the index',
      async (name) => {
        if (!context.movesAllTime) return;
        let hasCrashed = true;
        for (let steps = 0; hasCrashed; steps++) {
          hasCrashed = false;
          await inEveryOrder(context.store, async (storeOf) => {
            await context.end();
            const [key, visitor] = [await signedIn(), await storeSession(sessions, { cart: [1] })];
            const crashing = crashingAfter(storeOf(0), steps);
            const act = await actors[name]!(sessionsOf(context, {}, crashing), key, visitor);
            const ending = sessionsOf(context, {}, { store: storeOf(1) });
            return {
              actors: [
                async () => {
                  await act();
                },
                async () => {
                  await ending.endOfUser(7);
                },
              ],
              check: async () => {
                hasCrashed ||= crashing.crashed();
                expect(await sessions.exists(key)).toBe(false);
                // a sign-in that came through is another session
                if (name === 'rotation' && !crashing.crashed()) expect(await storedKeys()).toEqual([]);
                await checkWhatIsLeft([key], crashing.crashed());
              },
            };
          });
        }
      },
      A_MINUTE_OF_ORDERS,
    );

    it.each(['after', 'before'])(
      'US3 SE15 two logins at once, each of which ends all others %s it is saved: both go on',
      async (when) => {
        if (!context.movesAllTime) return;
        const orders = await inEveryOrder(context.store, async (storeOf) => {
          await context.end();
          const [other, visitor] = [await signedIn(), await storeSession(sessions, { cart: [1] })];
          const logins = await Promise.all([0, 1].map(() => sessions.load(visitor)));
          const actors = logins.map((session, actor) => {
            const service = sessionsOf(context, {}, { store: storeOf(actor) });
            const endOthers = (): Promise<number> => service.endOfUser(7, { except: session });
            return async () => {
              await session.signIn(7);
              if (when === 'before') await endOthers();
              await service.save(session);
              if (when === 'after') await endOthers();
            };
          });
          return {
            actors,
            check: async () => {
              const kept = logins.map(({ key }) => key!).sort();
              expect((await storedKeys()).sort()).toEqual(kept);
              expect((await indexedKeys()).sort()).toEqual(kept);
              expect(await sessions.exists(other)).toBe(false);
            },
          };
        });
        expect(orders).toBeGreaterThan(100);
      },
      A_MINUTE_OF_ORDERS,
    );

    it('US3 end all but the session of the request, beside a rotation of that: it goes on', async () => {
      if (!context.movesAllTime) return;
      await play(['rotation'], true, async () => {
        expect(await storedKeys()).toHaveLength(1);
        expect(await indexedKeys()).toEqual(await storedKeys());
      });
    });
  });
});
