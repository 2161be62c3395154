/** The factory of a value that cannot be had. */
export const failing = (): Promise<never> => Promise.reject(new Error('database away'));
