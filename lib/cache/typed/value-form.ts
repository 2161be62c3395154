/** Takes values to JSON and back. */
export interface ValueForm<In, Out> {
  /** @throws TypeError for what it cannot store. */
  dump(value: In): unknown;
  /** @throws for what it did not store, or stored otherwise before a deploy. */
  load(stored: unknown): Out;
}
