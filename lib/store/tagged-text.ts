/**
 * The last character of the text of an entry with tags: every reader of JSON skips it. It says that the text is valid
 * only beside its companion `tokens`, so that the loss of that is noticed.
 */
export const MARK = ' ';

export const isMarked = (text: string): boolean => text.endsWith(MARK);

/** A text without its mark. */
export const bareText = (text: string): string => (isMarked(text) ? text.slice(0, -MARK.length) : text);

/** The time by which the companion `tokens` outlives its entry, and what `grace` keeps of it, in milliseconds. */
export const TOKENS_OUTLIVE_MS = 60_000;
