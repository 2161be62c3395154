/**
 * What an entry leaves in a companion for a while after it was moved or ended, so that who still holds its key can
 * learn of it.
 */
export interface Trace {
  readonly state: 'moved' | 'ended';
  /** Where its contents went, in the movers' own words; an ending keeps what the moves before it left. */
  readonly successors: readonly string[];
  /** The value it had, where the one who moved it kept that. */
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

/** What cannot be read was written by somebody else; it counts as an ending, since nothing goes on from one. */
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
