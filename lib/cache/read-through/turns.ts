import { pauseBeforeAsking } from '../lease.js';
import type { Found, Vacancy } from '../stored/stored-entries.js';
import type { ReadThroughCall } from './read-through-call.js';
import type { Flight } from './single-flight.js';

/** The ways in which a run that waited for another process can continue. */
export type Turn =
  /** An entry stands now. */
  | { readonly kind: 'made'; readonly text: string; readonly isTagged: boolean }
  /** It holds the lease. */
  | { readonly kind: 'own'; readonly found: Vacancy }
  /** It makes a value for its callers only: it has waited long enough, or Redis is unavailable. */
  | { readonly kind: 'unstored'; readonly found?: Vacancy };

/** True if this run holds the lease. */
export const holds = ({ lease }: Flight, { holder }: Vacancy): boolean =>
  holder !== undefined && holder === lease?.token;

/** True if another process makes the value, so that this one is to wait for it. */
export const isTaken = ({ lease }: Flight, { holder }: Vacancy): boolean =>
  holder !== undefined && holder !== lease?.token;

/** True if a run that continues in the background answers a flight. */
export const joins = (flight: Flight, runner: Flight, found: Vacancy): boolean =>
  !holds(flight, found) && runner.isAsGoodAs(found.holder);

/**
 * Waits for what another process makes, and takes its place if it does not.
 *
 * @param found what the last look has found
 * @param look looks again, and asks for the lease
 */
export const waitForTurn = async (
  flight: Flight,
  call: ReadThroughCall,
  found: Vacancy,
  look: () => Promise<Found | undefined>,
): Promise<Turn> => {
  const deadline = performance.now() + call.policy.readThrough.wait;
  flight.isWaiting = true;
  try {
    for (let last = found, asked = 0; ; asked += 1) {
      const left = deadline - performance.now();
      if (left <= 0) return { kind: 'unstored', found: last };
      await pauseBeforeAsking(asked, left);
      const now = await look();
      if (now === undefined) return { kind: 'unstored' };
      if (now.state === 'stands') return { kind: 'made', text: now.text, isTagged: now.tokens !== undefined };
      if (!isTaken(flight, now)) return { kind: 'own', found: now };
      last = now;
    }
  } finally {
    flight.isWaiting = false;
  }
};
