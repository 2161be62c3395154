import { types } from 'node:util';
import { describeValue } from '../../common/describe-value.js';
import { parseDuration } from '../../common/duration.js';
import type { SessionSettings } from '../../config/settings.js';
import type { Clock } from '../../common/clock.js';
import type { ExpiryReckoning, SessionExpiry } from './session.js';

/** The entry that says when a session ends, as Django names it. */
export const EXPIRY_ENTRY = '_session_expiry';

/** The years Python can hold; a session that ends beyond them could not be read there. */
const FIRST_MOMENT = Date.parse('0001-01-01T00:00:00Z');
const LAST_MOMENT = Date.parse('9999-12-31T23:59:59.999Z');

const ISO_TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

/** The meaning of an expiry entry. */
type Expiry =
  | { readonly kind: 'default' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'moment'; readonly at: number };

/** Reckons when sessions end: from their expiry entry, else from the configured age. */
export class SessionExpiryRules {
  constructor(
    private readonly settings: Pick<SessionSettings, 'age' | 'expireAtBrowserClose'>,
    private readonly clock: Clock,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * The value of the expiry entry for a setting: a number of seconds, or ISO text with the offset `+00:00`.
   *
   * @throws TypeError for anything but an expiry, RangeError for a time outside of the years 1 to 9999.
   */
  toEntry(expiry: Exclude<SessionExpiry, null>): number | string {
    if (types.isDate(expiry)) {
      if (Number.isNaN(expiry.getTime())) throw new TypeError('setExpiry: the Date is invalid');
      this.#checkRange(expiry.getTime());
      return expiry.toISOString().replace(/(\.000)?Z$/, '+00:00');
    }
    const seconds = typeof expiry === 'string' ? secondsOf(expiry) : expiry;
    if (typeof seconds !== 'number' || !Number.isFinite(seconds))
      throw new TypeError(
        `setExpiry takes seconds, a duration string such as '30m', a Date or null, not ${describeValue(expiry)}`,
      );
    this.#checkRange(this.clock.now() + seconds * 1000);
    return seconds;
  }

  /** Seconds between the modification and the end; whole ones towards a date. */
  age(entry: unknown, reckoning: ExpiryReckoning = {}): number {
    const expiry = this.#reckon(entry, reckoning);
    if (expiry.kind === 'moment') return Math.floor((expiry.at - this.#modification(reckoning)) / 1000);
    return expiry.kind === 'seconds' ? expiry.seconds : this.settings.age;
  }

  date(entry: unknown, reckoning: ExpiryReckoning = {}): Date {
    const expiry = this.#reckon(entry, reckoning);
    if (expiry.kind === 'moment') return new Date(expiry.at);
    const seconds = expiry.kind === 'seconds' ? expiry.seconds : this.settings.age;
    return new Date(this.#modification(reckoning) + seconds * 1000);
  }

  /** Milliseconds a session that is saved now is to live; under 1 when it has ended already. */
  timeToLive(entry: unknown): number {
    const expiry = this.#read(entry);
    if (expiry.kind === 'moment') return expiry.at - this.clock.now();
    return (expiry.kind === 'seconds' ? expiry.seconds : this.settings.age) * 1000;
  }

  /**
   * Checks what is to stand in the expiry entry as it is.
   *
   * @throws TypeError for anything but an expiry, RangeError for a time outside of the years 1 to 9999.
   */
  checkEntry(entry: unknown): void {
    if (typeof entry === 'number') this.toEntry(entry);
    else if (parse(entry, this.clock.now()).kind === 'unreadable')
      throw new TypeError(
        `${EXPIRY_ENTRY} is a number of seconds or an ISO date-time with an offset, not ${describeValue(entry)}; ` +
          'session.setExpiry() writes it',
      );
  }

  /** True if the session has ended at a point in time, whatever ttl its store gave it. */
  isOver(entry: unknown): boolean {
    if (typeof entry !== 'string') return false;
    const expiry = parse(entry, this.clock.now());
    return expiry.kind === 'moment' && expiry.at <= this.clock.now();
  }

  atBrowserClose(entry: unknown): boolean {
    return entry === undefined || entry === null ? this.settings.expireAtBrowserClose : entry === 0;
  }

  #modification({ modification }: ExpiryReckoning): number {
    return modification?.getTime() ?? this.clock.now();
  }

  #reckon(entry: unknown, { expiry }: ExpiryReckoning): Expiry {
    if (expiry === undefined) return this.#read(entry);
    return this.#read(expiry === null ? null : this.toEntry(expiry));
  }

  #read(entry: unknown): Expiry {
    const expiry = parse(entry, this.clock.now());
    if (expiry.kind === 'unreadable')
      this.warn(
        `A session's ${EXPIRY_ENTRY} cannot be read (${describeValue(entry)}); its age is the configured default`,
      );
    return expiry;
  }

  #checkRange(moment: number): void {
    if (moment < FIRST_MOMENT || moment > LAST_MOMENT)
      throw new RangeError('setExpiry: the session would end outside of the years 1 to 9999');
  }
}

const parse = (entry: unknown, now: number): Expiry => {
  if (entry === undefined || entry === null || entry === 0 || entry === '') return { kind: 'default' };
  if (typeof entry === 'number') {
    const end = now + entry * 1000;
    return end >= FIRST_MOMENT && end <= LAST_MOMENT
      ? { kind: 'seconds', seconds: entry }
      : { kind: 'unreadable' };
  }
  if (typeof entry !== 'string') return { kind: 'unreadable' };
  const match = ISO_TEXT.exec(entry);
  const at = match === null ? NaN : Date.parse(match[3] === undefined ? `${entry}Z` : entry);
  return Number.isNaN(at) ? { kind: 'unreadable' } : { kind: 'moment', at };
};

const secondsOf = (duration: string): number | undefined => {
  const milliseconds = parseDuration(duration);
  return milliseconds === undefined ? undefined : milliseconds / 1000;
};
