import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import type { SessionService } from '../../lib/session/session.service.js';
import { sessionStateOf } from '../../lib/session/object/state-of.js';
import type { Session } from '../../lib/session/object/session.js';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { sessionsOf, storeKeyOf, storeSession, sessionKeysOf } from '../support/sessions.js';
import { describeOnEveryStore } from '../support/store-suite.js';

/** Lets as many turns of the event loop go by. */
const turns = async (count: number): Promise<void> => {
  for (let left = count; left > 0; left--) await turn();
};

/** A store that takes its time before and after each call, as it is told. */
const unhurried = (store: KeyValueStore, pauses: readonly number[]): KeyValueStore => {
  let calls = 0;
  const pause = (): Promise<void> => turns(pauses[calls++ % pauses.length]!);
  return new Proxy(store, {
    get: (target, verb) => {
      const member = Reflect.get(target, verb) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        await pause();
        const result = await Reflect.apply(member, target, args);
        await pause();
        return result;
      };
    },
  });
};

/** What is done to a session, one step after another, without awaiting what was begun. */
class Deeds {
  /** The entries the session is to have. */
  expected: Record<string, unknown> = {};
  /** Those that the last save that ended well was to store. */
  acknowledged: Record<string, unknown> = {};
  readonly #begun: Promise<void>[] = [];
  #flushes = 0;
  #saves = 0;
  #lastSaved = 0;

  constructor(
    private readonly sessions: SessionService,
    private readonly session: Session,
  ) {}

  async ended(): Promise<void> {
    await Promise.all(this.#begun);
  }

  set(): void {
    const name = `entry${Object.keys(this.expected).length}`;
    this.expected = { ...this.expected, [name]: 1 };
    this.session.set(name, 1);
  }

  save(): void {
    this.#saving(this.session.save());
  }

  cycle(): void {
    this.#begun.push(this.session.cycleKey());
  }

  cycleAtOnce(): void {
    this.#saving(this.sessions.cycleKey(this.session));
  }

  flush(): void {
    this.#flushes++;
    this.expected = this.acknowledged = {};
    this.#begun.push(this.session.flush());
  }

  #saving(saving: Promise<void>): void {
    const { expected } = this;
    const flushes = this.#flushes;
    const number = ++this.#saves;
    const isEnded = (): boolean => flushes !== this.#flushes;
    this.#begun.push(
      saving.then(
        () => {
          if (isEnded() || number < this.#lastSaved) return;
          this.#lastSaved = number;
          this.acknowledged = expected;
        },
        (error: unknown) => {
          // what was flushed meanwhile need not be saved
          if (!isEnded()) throw error;
        },
      ),
    );
  }
}

const anyDeed = fc.oneof(
  { weight: 3, arbitrary: fc.constant('save' as const) },
  { weight: 2, arbitrary: fc.constantFrom('set' as const, 'cycle' as const, 'cycleAtOnce' as const) },
  { weight: 1, arbitrary: fc.constant('flush' as const) },
);

const anySteps = fc.array(fc.record({ deed: anyDeed, pause: fc.nat(4) }), { minLength: 2, maxLength: 9 });

const anyPauses = fc.array(fc.nat(3), { minLength: 3, maxLength: 12 });

describeOnEveryStore('Session, many orders of saves, cycles and flushes that nobody awaits', (context) => {
  const race = async (
    isStored: boolean,
    steps: readonly { deed: 'set' | 'save' | 'cycle' | 'cycleAtOnce' | 'flush'; pause: number }[],
    pauses: readonly number[],
    end: (deeds: Deeds, sessions: SessionService, session: Session) => Promise<void>,
  ): Promise<void> => {
    await context.end();
    const sessions = sessionsOf(context, {}, { store: unhurried(context.store, pauses) });
    const session = isStored
      ? await sessions.load(await storeSession(sessionsOf(context), {}))
      : sessions.open();
    const deeds = new Deeds(sessions, session);
    for (const { deed, pause } of steps) {
      deeds[deed]();
      await turns(pause);
    }
    await end(deeds, sessions, session);
  };

  const entriesOf = async (key: string | null): Promise<unknown> =>
    (await sessionsOf(context).load(String(key))).toJSON();

  it('S15 S20 S21 S57 H2 the commit stores all that was set, under one key', () =>
    fc.assert(
      fc.asyncProperty(fc.boolean(), anySteps, anyPauses, (isStored, steps, pauses) =>
        race(isStored, steps, pauses, async (deeds, sessions, session) => {
          const { key } = await sessions.commit(session);
          await deeds.ended();
          expect(await sessionKeysOf(context)).toEqual(key === null ? [] : [storeKeyOf(context, key)]);
          expect(await entriesOf(key)).toEqual(deeds.expected);
        }),
      ),
      { numRuns: 80 },
    ));

  it('S15 S21 S57 without a commit, what a save acknowledged is there', () =>
    fc.assert(
      fc.asyncProperty(fc.boolean(), anySteps, anyPauses, (isStored, steps, pauses) =>
        race(isStored, steps, pauses, async (deeds, _sessions, session) => {
          await deeds.ended();
          const { stored } = sessionStateOf(session).identity;
          expect(await sessionKeysOf(context)).toEqual(stored === null ? [] : [storeKeyOf(context, stored)]);
          expect(await entriesOf(stored)).toMatchObject(deeds.acknowledged);
        }),
      ),
      { numRuns: 80 },
    ));
});
