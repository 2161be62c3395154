import { SessionInterruptedError } from '../../lib/errors/session.errors.js';
import type { Session } from '../../lib/session/object/session.js';
import { inEveryOrder } from '../support/orders.js';
import { sessionKeysOf, sessionsOf, storeSession } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

/** A request: what it does with its session, and what came of it. */
interface Visit {
  readonly deed: (session: Session) => Promise<unknown>;
  key?: string | null;
  outcome?: string;
}

const visit = (deed: Visit['deed']): Visit => ({ deed });

const cycle = (): Visit => visit((session) => session.cycleKey());
const signIn = (): Visit => visit((session) => session.signIn(7));
const logout = (): Visit => visit((session) => session.flush());
const regenerate = (): Visit => visit((session) => session.regenerate().then(() => session.set('fresh', 1)));
/** Moves the session and saves it in mid-request. */
const stepUp = (): Visit => visit((session) => session.cycleKey().then(() => session.save()));
const poll = (): Visit => visit((session) => Promise.resolve(session.get('cart')));
const write = (): Visit =>
  visit((session) => {
    session.set('seen', 1);
    return Promise.resolve();
  });

/** For hundreds of orders on a Redis whose cores do something else. */
const PATIENCE_MS = 120_000;

describeOnEveryStore('Sessions, every order in which the store may answer', (context) => {
  /** Plays visits of one visitor, all sent with the same cookie. */
  const play = (
    visitsOf: () => readonly Visit[],
    check: (visits: readonly Visit[], key: string) => Promise<void>,
  ): Promise<number> =>
    inEveryOrder(context.store, async (storeOf) => {
      await context.end();
      const key = await storeSession(sessionsOf(context), { cart: [1] });
      const visits = visitsOf();
      const actors = visits.map((it, actor) => async (): Promise<void> => {
        const sessions = sessionsOf(context, {}, { store: storeOf(actor) });
        try {
          const session = await sessions.load(key);
          await it.deed(session);
          const committed = await sessions.commit(session);
          Object.assign(it, committed);
        } catch (error) {
          if (!(error instanceof SessionInterruptedError)) throw error;
          it.outcome = 'interrupted';
        }
      });
      return { actors, check: () => check(visits, key) };
    });

  const nothingIsLeft = async (): Promise<void> => {
    expect(await sessionKeysOf(context)).toEqual([]);
  };

  it.each([
    ['a new key', () => [cycle(), logout()]],
    ['a new key that is saved in mid-request', () => [stepUp(), logout()]],
    ['another logout', () => [logout(), logout()]],
  ] as const)('SX1 a logout beside %s leaves nothing stored', async (_, visits) => {
    expect(
      await play(visits, async ([first]) => {
        // a session that began afresh under a trace is another one
        const fresh = first!.outcome === 'created' ? first!.key : undefined;
        const left = (await sessionKeysOf(context)).filter((name) => !name.endsWith(fresh ?? '-'));
        expect(left).toEqual([]);
      }),
    ).toBeGreaterThan(3);
  });

  it(
    'SX1 SE16 a logout beside a sign-in ends what it found, and the sign-in is refused or a login of its own',
    async () => {
      await play(
        () => [signIn(), logout()],
        async ([login]) => {
          if (login!.outcome !== 'created') await nothingIsLeft();
          else expect((await sessionsOf(context).load(login!.key!)).get('_auth_user_id')).toBe('7');
        },
      );
    },
    PATIENCE_MS,
  );

  it(
    'SE15 two sign-ins both succeed, each with the cart, whatever comes first',
    async () => {
      const orders = await play(
        () => [signIn(), signIn()],
        async (visits, key) => {
          const sessions = sessionsOf(context);
          for (const { key: now } of visits)
            expect((await sessions.load(now!)).toJSON()).toEqual({ cart: [1], _auth_user_id: '7' });
          await sessions.delete(key);
          await nothingIsLeft();
        },
      );
      expect(orders).toBeGreaterThan(15);
    },
    PATIENCE_MS,
  );

  it(
    'SE15 a regeneration beside a sign-in always succeeds, and ends what it found with its successors',
    async () => {
      await play(
        () => [regenerate(), signIn()],
        async ([regenerated, login]) => {
          const sessions = sessionsOf(context);
          expect((await sessions.load(regenerated!.key!)).toJSON()).toEqual({ fresh: 1 });
          expect(['interrupted', 'created', 'cycled']).toContain(login!.outcome);
          for (const name of await sessionKeysOf(context))
            expect((await sessions.load(name.slice(-32))).has('cart')).toBe(false);
        },
      );
    },
    PATIENCE_MS,
  );

  it.each([
    ['reads', poll],
    ['writes', write],
  ] as const)(
    'SE18 a poll that %s around a login never takes the login away',
    async (_, beside) => {
      await play(
        () => [signIn(), beside()],
        async ([login, late]) => {
          const session = await sessionsOf(context).load(login!.key!);
          expect(session.get('_auth_user_id')).toBe('7');
          expect(session.get('cart')).toEqual([1]);
          // no answer of a poll carries a cookie that would replace that of the login, but for what it saved before
          expect(['nothing', 'saved', 'interrupted']).toContain(late!.outcome);
        },
      );
    },
    PATIENCE_MS,
  );

  it.each([
    ['reads', poll],
    ['writes', write],
  ] as const)(
    'SE18 a poll that %s around a logout never brings the session back',
    async (_, beside) => {
      await play(
        () => [logout(), beside()],
        async ([, late]) => {
          await nothingIsLeft();
          expect(['nothing', 'saved', 'interrupted']).toContain(late!.outcome);
        },
      );
    },
    PATIENCE_MS,
  );
});
