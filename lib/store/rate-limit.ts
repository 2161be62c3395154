/** The rule a hit is counted under. All times in milliseconds. */
export interface HitRule {
  /** The time for which a hit counts. */
  readonly windowMs: number;
  /** Hits beyond this are refused. */
  readonly limit: number;
  /** The time for which a block lasts; 0 is none. */
  readonly blockMs: number;
}

/** The state of a rate limit after a hit. All times in milliseconds. */
export interface HitOutcome {
  readonly hits: number;
  readonly windowRemainingMs: number;
  readonly blocked: boolean;
  /** 0 when not blocked. */
  readonly blockRemainingMs: number;
}
