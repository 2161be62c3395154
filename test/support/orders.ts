import { setImmediate as turn } from 'node:timers/promises';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { roundsOf } from './long-run.js';

/** Which of several calls goes on at a step. */
export type Choose = (step: number, of: number) => number;

interface Held {
  readonly actor: number;
  go(): void;
}

/** Holds what several actors ask of a store, and lets one call after another go, in an order that it is given. */
class Schedule {
  #held: Held[] = [];
  /** How many calls there were to choose from, at each step. */
  readonly choices: number[] = [];

  constructor(private readonly choose: Choose) {}

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
      this.#held.splice(this.choose(step, this.#held.length), 1)[0]!.go();
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
  forEachOrder(async (choose) => {
    const schedule = new Schedule(choose);
    const { actors, check } = await scene((actor) => schedule.storeOf(actor, store));
    await schedule.run(actors);
    await check();
    return schedule.choices;
  });

/** Scenes of few steps have fewer orders; of those that have more, as many again are drawn from all, but in a long run. */
const MOST = roundsOf(4000, 150);

/**
 * Plays something once for each order of its steps, or for many of them where there are too many.
 *
 * @param play chooses at each step, and gives how many there were to choose from
 * @param most how many orders are played one after the other; of a scene that has more, as many again are drawn
 * @returns how many orders were played
 */
export const forEachOrder = async (
  play: (choose: Choose) => Promise<readonly number[]>,
  most = MOST,
): Promise<number> => {
  let order: readonly number[] | undefined = [];
  let count = 0;
  for (; order !== undefined && count < most; count++) {
    const chosen: readonly number[] = order;
    const choices = await play((step) => chosen[step] ?? 0);
    if (chosen.some((one, step) => one >= (choices[step] ?? 0)))
      throw new Error('The same choices led to other choices than before');
    order = after(chosen, choices);
  }
  if (order === undefined) return count;
  for (let seed = 1; seed <= most; seed++, count++) {
    const chance = chanceFrom(seed);
    await play((_, of) => Math.floor(chance() * of));
  }
  return count;
};

/** mulberry32: the same choices in each run. */
const chanceFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
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
