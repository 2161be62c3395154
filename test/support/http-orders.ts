import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { KeyValueStore } from '../../lib/store/key-value-store.js';
import { type Choose, forEachOrder } from './orders.js';

const ACTOR = 'x-actor';

const UNTOUCHED: ReadonlySet<string | symbol> = new Set(['connect', 'close', 'scan']);

/** A request that neither asks nor answers by then never will. */
const LONG_ENOUGH = 10_000;

/** The actor whose request is being served. */
const serving = new AsyncLocalStorage<Actor | undefined>();

/** Somebody who sends one request after another. */
export class Actor {
  isOver = false;
  /** The steps that wait to be let go. */
  readonly held: (() => void)[] = [];
  /** How many calls the store is carrying out. */
  #asking = 0;
  #isLoaded = false;
  #socket: Socket | undefined;

  constructor(private readonly index: number) {}

  /** Marks its requests. */
  get headers(): Record<string, string> {
    return { [ACTOR]: String(this.index) };
  }

  /** Its request has arrived on a connection of its own. */
  arrive(socket: Socket): void {
    this.#socket = socket;
    this.#isLoaded = false;
  }

  /** Waits to be let go. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.held.push(() => {
        this.#asking++;
        resolve();
      });
    });
    try {
      return await work();
    } finally {
      this.#asking--;
      this.#isLoaded = true;
    }
  }

  /** Whether its request neither asks nor answers: where saves queue, it waits for that of another. */
  get isWaiting(): boolean {
    return this.#asking === 0 && this.#isLoaded && this.#socket?.bytesWritten === 0;
  }

  /** Whether the store or the network is at work for it. */
  get isAtWork(): boolean {
    return !this.isOver && (this.#asking > 0 || this.held.length === 0);
  }

  /** Lets all that is held go. */
  release(): void {
    for (const go of this.held.splice(0)) go();
  }
}

/** Holds what the requests of several actors ask of a store, and lets one call after another go. */
export class Stage {
  #actors: readonly Actor[] = [];

  /** @param queues whether requests may wait for the saves of each other: those of one process do */
  constructor(private readonly queues: boolean) {}

  /** Learns which actor a request of this server is of. */
  watch(server: Server): void {
    server.prependListener('request', ({ headers, socket }: IncomingMessage) => {
      const actor = this.#actors[Number(headers[ACTOR])];
      actor?.arrive(socket);
      serving.enterWith(actor);
    });
  }

  /** Requests of nobody in particular, such as those that look at the outcome, are not held. */
  wrap(store: KeyValueStore): KeyValueStore {
    return new Proxy(store, {
      get: (target, verb) => {
        const member: unknown = Reflect.get(target, verb);
        if (typeof member !== 'function') return member;
        if (UNTOUCHED.has(verb)) return member.bind(target) as unknown;
        return (...args: unknown[]): Promise<unknown> => {
          const call = (): Promise<unknown> => Reflect.apply(member, target, args) as Promise<unknown>;
          return serving.getStore()?.step(call) ?? call();
        };
      },
    });
  }

  /**
   * Plays a scene in every order in which the store may answer its actors.
   *
   * @param scene gives what each actor does, and what to look at in the end
   * @returns how many orders there were
   */
  inEveryOrder(
    scene: () => Promise<{
      acts: readonly ((actor: Actor) => Promise<unknown>)[];
      check: () => Promise<void>;
    }>,
  ): Promise<number> {
    return forEachOrder(async (choose) => {
      this.#actors = [];
      const { acts, check } = await scene();
      this.#actors = acts.map((_, index) => new Actor(index));
      const choices = await this.#run(acts, choose);
      await check();
      return choices;
    });
  }

  async #run(
    acts: readonly ((actor: Actor) => Promise<unknown>)[],
    choose: Choose,
  ): Promise<readonly number[]> {
    const actors = this.#actors;
    const choices: number[] = [];
    const done = Promise.all(
      acts.map((act, index) => act(actors[index]!).finally(() => (actors[index]!.isOver = true))),
    );
    try {
      while (await this.#isGoingOn()) {
        const held = actors.flatMap((actor) => actor.held.map((_, at) => ({ actor, at })));
        const { actor, at } = held[choose(choices.length, held.length)]!;
        choices.push(held.length);
        actor.held.splice(at, 1)[0]!();
      }
    } finally {
      this.#actors = [];
      for (const actor of actors) actor.release();
      await done;
    }
    return choices;
  }

  /**
   * Waits until nothing more will happen unless an actor is let go; whether there is one. Once its session is loaded, a
   * request takes no turn of the event loop of its own, so each is asked in a turn of its own.
   */
  async #isGoingOn(): Promise<boolean> {
    const actors = this.#actors;
    const deadline = performance.now() + LONG_ENOUGH;
    do {
      await turn();
      if (performance.now() > deadline) throw new Error('The requests do not go on');
    } while (actors.some((actor) => actor.isAtWork && !(this.queues && actor.isWaiting)));
    if (actors.every(({ isOver }) => isOver)) return false;
    if (actors.every(({ held }) => held.length === 0)) throw new Error('Every request waits for another one');
    return true;
  }
}
