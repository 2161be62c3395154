import type { CompareOutcome } from './outcomes.js';

/**
 * The trace that an entry leaves in a companion for a while after it was moved or ended, so that a caller who still
 * holds its key can learn of it.
 */
export interface Trace {
  readonly state: 'moved' | 'ended';
  /** The places its contents went to, in the movers' own words; an ending keeps what the moves before it left. */
  readonly successors: readonly string[];
  /** The value it had, where the one who moved it kept that. */
  readonly value?: string;
}

/** An entry that is to leave its key, and what it leaves behind. */
export interface Move {
  /** The value it must have; `null` where it is known to have gone already. */
  readonly expected: string | null;
  /** The place its contents go to. */
  readonly successor: string;
  /** True if the trace keeps the value. */
  readonly keepsValue: boolean;
  /** If true, and another move was faster, the successor is added to the trace of that. */
  readonly mayFork: boolean;
  /** The time for which the trace stays, in milliseconds. */
  readonly traceTtl: number;
}

/** The result of a move: that of a comparison, or `forked` if the successor was added to those of an earlier move. */
export type MoveOutcome = CompareOutcome | { readonly outcome: 'forked' };

/** The options of an ending. */
export interface EndOptions {
  /** Leaves a trace in any case, so that nothing is stored under the key by `setIfUntraced` for its time. */
  readonly always?: boolean | undefined;
  /** Gives the value that the entry had. */
  readonly givesValue?: boolean | undefined;
}

/** The result of an ending. */
export interface EndOutcome {
  /** True if there was an entry. */
  readonly existed: boolean;
  /** True if it had left a trace before. */
  readonly wasTraced: boolean;
  /** The places its contents went to before it was ended. */
  readonly successors: readonly string[];
  /** The value of the entry, if that was asked for. */
  readonly value?: string;
}

/** As it stands in the companion. */
interface StoredTrace {
  readonly st: Trace['state'];
  /** Never an empty array, which Lua would write as an object. */
  readonly to?: readonly string[];
  readonly text?: string;
}

export const traceText = ({ state, successors, value }: Trace): string =>
  JSON.stringify({
    st: state,
    ...(successors.length > 0 && { to: successors }),
    ...(value !== undefined && { text: value }),
  } satisfies StoredTrace);

/**
 * Reads a trace. A text that cannot be read was written by somebody else; it counts as an ending, since nothing goes on
 * from one.
 */
export const parseTrace = (text: string): Trace => {
  const { st, to, text: value } = (parsed(text) ?? {}) as Partial<Record<keyof StoredTrace, unknown>>;
  const successors = Array.isArray(to) ? to.filter((successor) => typeof successor === 'string') : [];
  return {
    state: st === 'moved' ? st : 'ended',
    successors,
    ...(typeof value === 'string' && { value }),
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
