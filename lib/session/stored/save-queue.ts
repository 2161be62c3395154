import { TransientMap } from '../../common/transient-map.js';

/** The state that the saves of one session pass on while they queue. */
export interface SaveLane {
  /** The text the save before wrote, so that the next need not find out by failing. */
  latest: string | undefined;
}

interface Line {
  readonly lane: SaveLane;
  last?: Promise<unknown>;
  length: number;
}

/** Lets the saves of one session go one after another; others are not held up. */
export class SaveQueue {
  readonly #lines = new TransientMap<unknown, Line>();

  /** The number of saves of a subject that run or wait. */
  lengthOf(subject: unknown): number {
    return this.#lines.get(subject)?.length ?? 0;
  }

  run<T>(subject: unknown, save: (lane: SaveLane) => Promise<T>): Promise<T> {
    const line: Line = this.#lines.get(subject) ?? { lane: { latest: undefined }, length: 0 };
    const turn = (): Promise<T> => save(line.lane);
    const done = line.last === undefined ? turn() : line.last.then(turn, turn);
    line.last = done;
    line.length++;
    this.#lines.set(subject, line);
    const leave = (): void => {
      line.length--;
      if (line.last === done) this.#lines.delete(subject);
    };
    done.then(leave, leave);
    return done;
  }
}
