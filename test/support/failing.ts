/** The factory of a value that is not available. */
export const failing = (): Promise<never> => Promise.reject(new Error('database away'));

/** The factory of a value that fails with an error of a name. */
export const failingAs = (name: string) => (): Promise<never> =>
  Promise.reject(Object.assign(new Error('database away'), { name }));
