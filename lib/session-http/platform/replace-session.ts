/**
 * The setter of `request.session`: a session of another kind may take its place. Assigning null is refused, because the
 * stored session would remain.
 */
export function replaceSession(this: object, value: unknown): void {
  if (value === null || value === undefined)
    throw new TypeError(
      `Assigning ${String(value)} to request.session does not end the session; await session.flush() for that`,
    );
  Object.defineProperty(this, 'session', { configurable: true, writable: true, enumerable: true, value });
}
