/** The parts that a stored text was made of. */
export interface OpenedText {
  readonly json: string;
  /** The time at which it was made, in milliseconds since the epoch; whole seconds. */
  readonly savedAt: number;
  /** True if it has a form that is read for some time only. */
  readonly isEarlierForm?: true;
}

/** The reason that a text cannot be opened, in a few words. */
export interface UnopenedText {
  readonly problem: string;
}

/** Turns the JSON of a session into the text that is stored, and back. */
export interface SessionForm {
  /** True if a text is worth nothing under another name. */
  readonly bindsName: boolean;
  /**
   * @param name what stands for the session's key in Redis
   * @param savedAt milliseconds since the epoch
   */
  seal(json: string, name: string, savedAt: number): string;
  /** Never throws, whatever the text is. */
  open(text: string, name: string): OpenedText | UnopenedText;
}

/** Django writes timestamps in base 62. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE_62 = /^[0-9A-Za-z]+$/;

/** Unix seconds in base 62. */
export const timestampOf = (time: number): string => {
  let digits = '';
  let rest = Math.max(0, Math.floor(time / 1000));
  do {
    digits = DIGITS.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return digits;
};

/** The milliseconds since the epoch of a timestamp, `undefined` when it is none. */
export const timeOf = (text: string): number | undefined => {
  if (!BASE_62.test(text)) return undefined;
  let seconds = 0;
  for (const digit of text) seconds = seconds * 62 + DIGITS.indexOf(digit);
  return seconds * 1000;
};
