import { roundsOf } from '../../../support/long-run.js';
import { type Choose, forEachOrder } from '../../../support/orders.js';

/*
 * A model of what the scripts of a cache do to one entry and its companions (docs/architecture.md, "Entries and their
 * companions"). Each command is one step; the steps of several processes, the end of the entry, that of the lease and a crash come in
 * every order. The value is the number of the source's version, so an old one is told from a new one.
 */

interface Companion {
  readonly text: number;
  readonly nonce: number;
  /** The time at which the entry ends. */
  readonly end: number;
}

/** What Redis holds, and the source of the values. */
interface World {
  source: number;
  now: number;
  text: number | undefined;
  companion: Companion | undefined;
  lease: string | undefined;
  nonces: number;
}

interface Cache {
  readonly shares?: boolean;
  readonly refreshes?: boolean;
  /** Steps that are known to be wrong. */
  readonly fault?: 'companion stays' | 'entry first' | 'no nonce' | 'one token';
}

/** One step: what a command does, all at once. */
type Step = (world: World) => unknown;
type Process = Generator<Step, unknown, never>;

interface Found {
  readonly state: 'stands' | 'stale' | 'missing';
  readonly text?: number;
  readonly nonce?: number | undefined;
  readonly holder?: string | undefined;
  readonly isDue?: boolean;
}

type Over =
  | { readonly kind: 'anything' | 'nothing' }
  | { readonly kind: 'stale'; readonly nonce: number | undefined }
  | { readonly kind: 'standing'; readonly text: number | undefined; readonly nonce: number | undefined };

const lookUp =
  ({ shares, refreshes }: Cache, token?: string): Step =>
  (world): Found => {
    const holder = (): string | undefined =>
      shares && token !== undefined ? (world.lease ??= token) : undefined;
    const { text, companion } = world;
    if (text !== undefined) {
      const isDue = refreshes === true && (shares !== true || world.lease === undefined);
      return { state: 'stands', text, nonce: companion?.nonce, isDue };
    }
    if (companion !== undefined && world.now >= companion.end)
      return { state: 'stale', text: companion.text, nonce: companion.nonce, holder: holder() };
    // gone before its end: another program has deleted it
    world.companion = undefined;
    return { state: 'missing', holder: holder() };
  };

const expects = ({ text, companion, now }: World, over: Over, fault: Cache['fault']): boolean => {
  switch (over.kind) {
    case 'anything':
      return true;
    case 'nothing':
      return text === undefined && companion === undefined;
    case 'stale':
      return text === undefined && companion?.nonce === over.nonce;
    case 'standing':
      if (fault !== 'no nonce' && companion?.nonce !== over.nonce) return false;
      return text === undefined ? companion !== undefined && now >= companion.end : text === over.text;
  }
};

const write =
  ({ fault }: Cache, over: Over, value: number, token?: string): Step =>
  (world) => {
    const holds = token !== undefined && world.lease === token;
    if ((token !== undefined && !holds) || !expects(world, over, fault)) {
      if (world.text !== undefined && world.companion?.text !== world.text) world.companion = undefined;
      if (holds) world.lease = undefined;
      return false;
    }
    world.text = value;
    world.companion = { text: value, nonce: (world.nonces += 1), end: world.now + 1 };
    world.lease = undefined;
    return true;
  };

function* getOrSet(cache: Cache, name: string, fails = false): Process {
  const token = cache.fault === 'one token' ? 'process' : name;
  let found = (yield lookUp(cache, token)) as Found;
  if (found.state === 'stands')
    return found.isDue ? yield* refresh(cache, `${name}, ahead`, found) : found.text;
  // one that waits asks once more, and makes the value for itself if it has to
  if (isTaken(found, token)) found = yield lookUp(cache, token);
  if (found.state === 'stands') return found.text;
  if (fails) {
    const again = (yield lookUp(cache)) as Found;
    return again.text;
  }
  const value = (yield (world) => world.source) as number;
  const over: Over = found.state === 'stale' ? { kind: 'stale', nonce: found.nonce } : { kind: 'nothing' };
  if (!isTaken(found, token)) yield write(cache, over, value, cache.shares ? token : undefined);
  return value;
}

function* refresh(cache: Cache, token: string, { text, nonce }: Found): Process {
  const take: Step = (world) => world.lease === undefined && (world.lease = token) === token;
  if (cache.shares && !((yield take) as boolean)) return text;
  const value = (yield (world) => world.source) as number;
  yield write(cache, { kind: 'standing', text, nonce }, value, cache.shares ? token : undefined);
  return text;
}

const isTaken = ({ holder }: Found, token: string): boolean => holder !== undefined && holder !== token;

const change =
  (to: number): Step =>
  (world) =>
    (world.source = to);

const unlinkCompanions =
  ({ fault }: Cache): Step =>
  (world) => {
    if (fault !== 'companion stays') world.companion = undefined;
    world.lease = undefined;
  };

const unlinkEntry: Step = (world) => (world.text = undefined);

/** Writes and deletes of an application after its source has changed. */
const CHANGES = {
  *delete(cache: Cache): Process {
    yield change(2);
    const [companions, entry] = [unlinkCompanions(cache), unlinkEntry];
    yield* cache.fault === 'entry first' ? [entry, companions] : [companions, entry];
    return undefined;
  },
  *set(cache: Cache): Process {
    yield change(2);
    return yield write(cache, { kind: 'anything' }, 2);
  },
  *'set of the text that was there'(cache: Cache): Process {
    yield change(2);
    yield change(1);
    return yield write(cache, { kind: 'anything' }, 1);
  },
  *clear(): Process {
    yield change(2);
    // the first walk deletes each companion with its entry, the second one each entry with its companions
    yield (world) => {
      if (world.companion !== undefined || world.lease !== undefined) world.text = undefined;
      world.companion = undefined;
      world.lease = undefined;
    };
    const found = (yield (world) => world.text !== undefined) as boolean;
    if (!found) return undefined;
    yield unlinkCompanions({});
    return yield unlinkEntry;
  },
};

const STATES = {
  cold: { text: undefined, companion: undefined },
  stale: { text: undefined, companion: { text: 1, nonce: 1, end: 0 } },
  fresh: { text: 1, companion: { text: 1, nonce: 1, end: 1 } },
} as const;

interface Actor {
  readonly process: Process;
  /** The application's change ends here: what is asked for later must not be older. */
  readonly isChange?: boolean;
  next: IteratorResult<Step, unknown>;
}

/** Plays the processes in one order. @returns the choices there were at each step, and what is wrong in the end */
const play = (
  choose: Choose,
  { text, companion }: (typeof STATES)[keyof typeof STATES],
  processes: readonly { process: Process; isChange?: boolean }[],
  mayCrash: boolean,
): { choices: number[]; violation: string | undefined } => {
  const world: World = { source: 1, now: 0, text, companion, lease: undefined, nonces: 1 };
  const actors: Actor[] = processes.map((each) => ({ ...each, next: each.process.next() }));
  const choices: number[] = [];
  let events = 1;
  let crashes = mayCrash ? 1 : 0;
  for (;;) {
    const alive = actors.filter(({ next }) => !next.done);
    if (alive.length === 0) break;
    const steps: (() => void)[] = alive.map((actor) => () => {
      const result = (actor.next.value as Step)(world) as never;
      actor.next = actor.process.next(result);
    });
    if (events > 0 && world.text !== undefined)
      steps.push(() =>
        Object.assign(world, { text: undefined, now: world.now + 1 }, { events: (events -= 1) }),
      );
    if (events > 0 && world.lease !== undefined)
      steps.push(() => Object.assign(world, { lease: undefined }, { events: (events -= 1) }));
    if (crashes > 0)
      for (const actor of alive.filter(({ isChange }) => isChange !== true))
        steps.push(() => {
          crashes -= 1;
          actor.next = { done: true, value: undefined };
        });
    choices.push(steps.length);
    steps[choose(choices.length - 1, steps.length)]!();
  }
  return { choices, violation: violationIn(world, actors.find(({ isChange }) => isChange)?.next.value) };
};

const violationIn = ({ text, companion, source, now }: World, answer: unknown): string | undefined => {
  if (typeof answer === 'number' && answer !== source) return `a call after the change gave ${answer}`;
  if (text !== undefined && text !== source) return 'the change was undone';
  if (companion !== undefined && companion.text !== source && now >= companion.end)
    return 'an old value may still be served';
  return undefined;
};

const MOST = roundsOf(60_000, 1_500);

/** The violations of a scene. A scene whose last process fails its factory asks after the change. */
const violationsOf = async (
  cache: Cache,
  state: keyof typeof STATES,
  changeName: keyof typeof CHANGES,
  { asksAfter = false, most = MOST } = {},
): Promise<Set<string>> => {
  const violations = new Set<string>();
  await forEachOrder((choose) => {
    const changing = function* (): Process {
      yield* CHANGES[changeName](cache);
      return asksAfter ? yield* getOrSet(cache, 'w', true) : undefined;
    };
    const others = asksAfter ? ['g'] : ['g', 'h'];
    const processes = others.map((name) => ({ process: getOrSet(cache, name) }));
    const { choices, violation } = play(
      choose,
      STATES[state],
      [...processes, { process: changing(), isChange: true }],
      cache.shares === true && !asksAfter,
    );
    if (violation !== undefined) violations.add(violation);
    return Promise.resolve(choices);
  }, most);
  return violations;
};

const CACHES: Record<string, Cache> = {
  grace: {},
  'grace, shared flights': { shares: true },
  'grace, refreshing ahead': { refreshes: true },
  'grace, refreshing ahead, shared flights': { refreshes: true, shares: true },
};

/** A cold run that is not shared is fenced in its own process only: another one's delete does not reach it. */
const scenes = Object.keys(CACHES).flatMap((name) =>
  (Object.keys(STATES) as (keyof typeof STATES)[])
    .filter((state) => state !== 'cold' || CACHES[name]?.shares === true)
    .flatMap((state) =>
      (Object.keys(CHANGES) as (keyof typeof CHANGES)[]).map((by) => [name, state, by] as const),
    ),
);

describe('The order of the commands of a cache with companions', () => {
  it.each(scenes)('undoes nothing and serves nothing old: %s, %s entry, %s', async (name, state, by) => {
    expect(await violationsOf(CACHES[name]!, state, by)).toEqual(new Set());
    expect(await violationsOf(CACHES[name]!, state, by, { asksAfter: true })).toEqual(new Set());
  });

  it.each<[NonNullable<Cache['fault']>, Cache, keyof typeof STATES, keyof typeof CHANGES, boolean]>([
    ['companion stays', {}, 'stale', 'delete', true],
    ['entry first', { shares: true }, 'cold', 'delete', false],
    ['no nonce', { refreshes: true }, 'fresh', 'set of the text that was there', false],
    ['one token', { shares: true }, 'cold', 'delete', false],
  ])('shows %s', async (fault, cache, state, by, asksAfter) => {
    expect(await violationsOf({ ...cache, fault }, state, by, { asksAfter, most: 60_000 })).not.toEqual(
      new Set(),
    );
  });
});
