/** The name of an error, whatever was thrown. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
