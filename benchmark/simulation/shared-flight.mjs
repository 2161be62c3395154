/**
 * A cold key that many processes ask for at once, with `singleFlight: 'shared'`: who runs the factory, who waits, and what
 * Redis has to do. Discrete events with a seeded source of chance: the same input gives the same result on any machine.
 *
 * @typedef {object} Scene
 * @property {number} processes each has callers for the key; they share one run within the process
 * @property {number} factoryMs how long the value takes to make, a fifth more or less
 * @property {number} [waitMs] how long a process waits for another before it runs the factory itself
 * @property {boolean} [ownerDies] whether the first owner dies in the middle of its run
 * @property {boolean} [shared] false: each process runs the factory itself
 * @property {number} [seed]
 *
 * @typedef {object} Outcome
 * @property {number} runs of the factory
 * @property {number} commands that Redis executed
 * @property {number} polls looks of those who wait
 * @property {number} busiest the largest part of any tenth of a second that Redis spent on them
 * @property {number} median milliseconds until a process has the value
 * @property {number} p99
 * @property {number} worst
 */

/** The defaults of the module, in milliseconds. */
const LEASE = 10_000;
const WAIT = 5_000;
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 100;
const GROWTH = 1.6;

/** The callers arrive within so many milliseconds, as after a deployment or the expiry of a hot key. */
const ARRIVALS = 100;
const ROUND_TRIP = 0.5;
/**
 * Milliseconds of Redis' one core for each command, as `measure-costs.mjs` measures them over many connections, on each of
 * which little is sent.
 */
const COST = { GET: 0.015, script: 0.03 };
const WINDOW = 100;

/** mulberry32, a small generator of even quality. */
const chanceFrom = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/** What happens, in the order of time: a binary heap. What happens at the same time keeps its order. */
class Agenda {
  #events = [];
  #added = 0;

  at(time, happen) {
    const event = { time, order: (this.#added += 1), happen };
    let at = this.#events.push(event) - 1;
    for (
      let parent = (at - 1) >> 1;
      at > 0 && isBefore(event, this.#events[parent]);
      parent = (at - 1) >> 1
    ) {
      this.#events[at] = this.#events[parent];
      at = parent;
    }
    this.#events[at] = event;
  }

  run() {
    while (this.#events.length > 0) {
      const { time, happen } = this.#first();
      happen(time);
    }
  }

  #first() {
    const first = this.#events[0];
    const last = this.#events.pop();
    const size = this.#events.length;
    if (size === 0) return first;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && isBefore(this.#events[child + 1], this.#events[child])) child += 1;
      if (!isBefore(this.#events[child], last)) break;
      this.#events[at] = this.#events[child];
      at = child;
    }
    this.#events[at] = last;
    return first;
  }
}

const isBefore = (a, b) => a.time < b.time || (a.time === b.time && a.order < b.order);

/** One core that executes one command after the other. */
class Redis {
  #freeAt = 0;
  #busyIn = new Map();
  commands = 0;
  isStored = false;
  lease = { holder: undefined, end: 0 };

  constructor(agenda) {
    this.agenda = agenda;
  }

  /** Executes a command that is sent now, and has its reply told. */
  send(now, kind, execute, reply) {
    const start = Math.max(now + ROUND_TRIP / 2, this.#freeAt);
    this.#freeAt = start + COST[kind];
    this.commands += 1;
    const window = Math.floor(start / WINDOW);
    this.#busyIn.set(window, (this.#busyIn.get(window) ?? 0) + COST[kind]);
    this.agenda.at(this.#freeAt, (executed) => {
      const result = execute(executed);
      this.agenda.at(executed + ROUND_TRIP / 2, (received) => reply(result, received));
    });
  }

  get busiest() {
    return Math.max(...this.#busyIn.values()) / WINDOW;
  }
}

/** @param {Scene} scene @returns {Outcome} */
export const simulate = ({
  processes,
  factoryMs,
  waitMs = WAIT,
  ownerDies = false,
  shared = true,
  seed = 1,
}) => {
  const chance = chanceFrom(seed);
  const agenda = new Agenda();
  const redis = new Redis(agenda);
  const waits = [];
  let runs = 0;
  let polls = 0;
  let mayDie = ownerDies;

  const runFactory = (now, done) => {
    runs += 1;
    agenda.at(now + factoryMs * (0.8 + 0.4 * chance()), done);
  };

  /** The script that looks for the entry and takes the lease if nobody has it. */
  const look = (id) => (now) => {
    if (redis.isStored) return 'stored';
    if (redis.lease.holder !== undefined && redis.lease.end > now) return 'taken';
    redis.lease = { holder: id, end: now + LEASE };
    return 'own';
  };

  const renewWhile = (id, isRunning) => (now) => {
    if (!isRunning()) return;
    const renew = (executed) => {
      if (redis.lease.holder === id) redis.lease.end = executed + LEASE;
    };
    redis.send(now, 'script', renew, () => undefined);
    agenda.at(now + LEASE / 3, renewWhile(id, isRunning));
  };

  const own = (id, now, arrived) => {
    let isRunning = true;
    agenda.at(
      now + LEASE / 3,
      renewWhile(id, () => isRunning),
    );
    if (mayDie) {
      mayDie = false;
      runs += 1;
      agenda.at(now + factoryMs / 2, () => (isRunning = false));
      return;
    }
    runFactory(now, (made) => {
      isRunning = false;
      const publish = () => {
        redis.isStored = true;
        redis.lease = { holder: undefined, end: 0 };
      };
      redis.send(made, 'script', publish, (_, received) => waits.push(received - arrived));
    });
  };

  const waitForTurn = (id, now, arrived, deadline, asked = 0) => {
    if (now >= deadline) return runFactory(now, (made) => waits.push(made - arrived));
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * GROWTH ** asked);
    const pause = Math.min(deadline - now, (longest * (1 + chance())) / 2);
    agenda.at(now + pause, (sent) => {
      polls += 1;
      redis.send(sent, 'script', look(id), (found, received) => {
        if (found === 'stored') waits.push(received - arrived);
        else if (found === 'own') own(id, received, arrived);
        else waitForTurn(id, received, arrived, deadline, asked + 1);
      });
    });
  };

  const missAlone = (now, arrived) =>
    runFactory(now, (made) =>
      redis.send(
        made,
        'script',
        () => (redis.isStored = true),
        (_, received) => waits.push(received - arrived),
      ),
    );

  const arrive = (id) => (arrived) =>
    redis.send(
      arrived,
      'GET',
      () => redis.isStored,
      (isStored, received) => {
        if (isStored) return waits.push(received - arrived);
        if (!shared) return missAlone(received, arrived);
        redis.send(received, 'script', look(id), (found, looked) => {
          if (found === 'stored') waits.push(looked - arrived);
          else if (found === 'own') own(id, looked, arrived);
          else waitForTurn(id, looked, arrived, looked + waitMs);
        });
      },
    );

  for (let id = 0; id < processes; id += 1) agenda.at(ARRIVALS * chance(), arrive(id));
  agenda.run();
  waits.sort((a, b) => a - b);
  const quantile = (part) => waits[Math.min(waits.length - 1, Math.floor(part * waits.length))];
  return {
    runs,
    commands: redis.commands,
    polls,
    busiest: redis.busiest,
    median: quantile(0.5),
    p99: quantile(0.99),
    worst: waits.at(-1),
  };
};
