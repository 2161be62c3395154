import type { TimeToLive } from '../time-to-live.js';
import {
  type EndOptions,
  type EndOutcome,
  type Move,
  type MoveOutcome,
  parseTrace,
  type Trace,
  traceText,
} from '../trace.js';
import type { Texts } from './texts.js';

/** The part of a MemoryStore's entries that traces need. */
interface Entries {
  has(key: string): boolean;
  set(key: string, text: string, ttl: TimeToLive): void;
  replace(key: string, text: string): void;
  delete(key: string): boolean;
}

/** The verbs for entries that leave a trace when they are moved or ended. */
export class TracedEntries {
  constructor(
    private readonly entries: Entries,
    private readonly texts: Texts,
  ) {}

  insert(key: string, trace: string, value: string, ttl: number): boolean {
    return !this.entries.has(trace) && this.texts.insert(key, value, ttl);
  }

  moveAway(key: string, trace: string, move: Move): MoveOutcome {
    const { expected, successor, keepsValue, mayFork, traceTtl } = move;
    const current = this.texts.get(key);
    if (current === undefined) return mayFork ? this.#fork(trace, successor) : { outcome: 'missing' };
    if (current !== expected) return { outcome: 'changed', current };
    const left = {
      state: 'moved',
      successors: [successor],
      ...(keepsValue && { value: current }),
    } as const;
    this.entries.delete(key);
    this.entries.set(trace, traceText(left), traceTtl);
    return { outcome: 'done' };
  }

  end(key: string, trace: string, traceTtl: number, options: EndOptions = {}): EndOutcome {
    const { always = false, givesValue = false } = options;
    const value = givesValue ? (this.texts.get(key) ?? '') : '';
    const existed = this.entries.delete(key);
    const left = this.#trace(trace);
    const successors = left?.successors ?? [];
    const ended = traceText({ state: 'ended', successors });
    if (existed || (always && left === undefined)) this.entries.set(trace, ended, traceTtl);
    else this.entries.replace(trace, ended);
    return { existed, wasTraced: left !== undefined, successors, ...(value !== '' && { value }) };
  }

  #fork(trace: string, successor: string): MoveOutcome {
    const left = this.#trace(trace);
    if (left?.state !== 'moved') return { outcome: 'missing' };
    this.entries.replace(trace, traceText({ ...left, successors: [...left.successors, successor] }));
    return { outcome: 'forked' };
  }

  #trace(key: string): Trace | undefined {
    const text = this.texts.get(key);
    return text === undefined ? undefined : parseTrace(text);
  }
}
