/** The factory of a value that is not available. */
export const failing = (): Promise<never> => Promise.reject(new Error('database away'));
