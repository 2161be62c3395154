/** The most characters of a name that becomes a label of metrics. Longer ones are cut off. */
const LONGEST_NAME = 100;

/**
 * A name as a label of metrics. It is well-formed: half a character would be written as the replacement character, as
 * the half of another one is, and two labels would become the same.
 */
export const labelName = (name: string): string =>
  // a character has at most two code units
  Array.from(name.slice(0, 2 * LONGEST_NAME))
    .slice(0, LONGEST_NAME)
    .join('')
    .toWellFormed();

/** The name of an error, whatever was thrown. An error may have a name that is no text, or cannot be read. */
export const errorName = (error: unknown): string => {
  try {
    // a proxy may throw here, too
    if (!(error instanceof Error)) return typeof error;
    const name: unknown = error.name;
    return typeof name === 'string' && name !== '' ? labelName(name) : 'Error';
  } catch {
    return 'Error';
  }
};
