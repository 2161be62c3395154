import type { Clock } from './clock.js';

const MINUTE_MS = 60_000;

interface Told {
  readonly at: number;
  /** The number of warnings that were kept back since. */
  more: number;
}

/** Warnings about what visitors send: one a minute of each kind, which says how many there were since the one before. */
export class BoundedWarnings<Kind extends string> {
  readonly #told = new Map<Kind, Told>();

  constructor(
    private readonly logger: { warn(message: string): void },
    private readonly clock: Clock,
  ) {}

  warn(kind: Kind, message: string): void {
    const now = this.clock.now();
    const told = this.#told.get(kind);
    if (told !== undefined && Math.abs(now - told.at) < MINUTE_MS) {
      told.more += 1;
      return;
    }
    const count =
      told === undefined || told.more === 0 ? '' : ` (${told.more} more since the last such warning)`;
    this.#told.set(kind, { at: now, more: 0 });
    this.logger.warn(message + count);
  }
}
