/** Milliseconds until an entry expires, at least 1, or `null` when it never does. May have a fraction. */
export type TimeToLive = number | null;
