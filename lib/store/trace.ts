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

export const parseTrace = (text: string): Trace => {
  const { st: state, to: successors = [], text: value } = JSON.parse(text) as StoredTrace;
  return { state, successors, ...(value !== undefined && { value }) };
};
