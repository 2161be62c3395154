import { setImmediate as turn } from 'node:timers/promises';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';

interface Held {
  readonly actor: number;
  go(): void;
}

/** Holds what several actors ask of a store, and lets one call after another go, in an order that it is given. */
class Schedule {
  #held: Held[] = [];
  /** How many calls there were to choose from, at each step. */
  readonly choices: number[] = [];

  constructor(private readonly order: readonly number[]) {}

  /** The store as one of the actors has it. */
  storeOf(actor: number, store: KeyValueStore): KeyValueStore {
    return new Proxy(store, {
      get: (target, verb) => {
        const member = Reflect.get(target, verb) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]): Promise<unknown> => {
          await new Promise<void>((go) => this.#held.push({ actor, go }));
          return Reflect.apply(member, target, args);
        };
      },
    });
  }

  async run(actors: readonly (() => Promise<void>)[]): Promise<void> {
    const ended = actors.map(() => false);
    const done = actors.map((act, index) => act().finally(() => (ended[index] = true)));
    const waits = (actor: number): boolean => this.#held.some((held) => held.actor === actor);
    while (ended.includes(false)) {
      while (ended.some((isOver, actor) => !isOver && !waits(actor))) await turn();
      this.#held.sort((one, other) => one.actor - other.actor);
      const step = this.choices.length;
      if (this.#held.length === 0) continue;
      this.choices.push(this.#held.length);
      this.#held.splice(this.order[step] ?? 0, 1)[0]!.go();
    }
    await Promise.all(done);
  }
}

/**
 * Runs a scene in every order in which the store may come to answer its actors.
 *
 * @param scene gives the actors, each with its store, and what to look at in the end
 * @returns how many orders there were
 */
export const inEveryOrder = (
  store: KeyValueStore,
  scene: (storeOf: (actor: number) => KeyValueStore) => Promise<{
    actors: readonly (() => Promise<void>)[];
    check: () => Promise<void>;
  }>,
): Promise<number> =>
  forEachOrder(async (order) => {
    const schedule = new Schedule(order);
    const { actors, check } = await scene((actor) => schedule.storeOf(actor, store));
    await schedule.run(actors);
    await check();
    return schedule.choices;
  });

/**
 * Plays something once for each order of its steps.
 *
 * @param play takes the choice at each step (the first, where it is left open), and gives how many there were
 * @returns how many orders there were
 */
export const forEachOrder = async (
  play: (order: readonly number[]) => Promise<readonly number[]>,
): Promise<number> => {
  let order: readonly number[] | undefined = [];
  let count = 0;
  while (order !== undefined) {
    const choices = await play(order);
    if (order.some((chosen, step) => chosen >= (choices[step] ?? 0)))
      throw new Error('The same choices led to other choices than before');
    count++;
    order = after(order, choices);
  }
  return count;
};

/** The next order, the last choice that has another counted up. */
const after = (order: readonly number[], choices: readonly number[]): number[] | undefined => {
  for (let step = choices.length - 1; step >= 0; step--) {
    const chosen = order[step] ?? 0;
    if (chosen + 1 < choices[step]!)
      return [...choices.slice(0, step).map((_, earlier) => order[earlier] ?? 0), chosen + 1];
  }
  return undefined;
};
