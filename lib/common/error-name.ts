/** The most characters of a name that becomes a label of metrics. Longer ones are cut off. */
export const LONGEST_NAME = 100;

/** The name of an error, whatever was thrown. An error may have a name that is no text, or cannot be read. */
export const errorName = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error;
  try {
    const name: unknown = error.name;
    return typeof name === 'string' && name !== '' ? name.slice(0, LONGEST_NAME) : 'Error';
  } catch {
    return 'Error';
  }
};
