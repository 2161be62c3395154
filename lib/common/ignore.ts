/** For whom nothing is to be done: a failure that somebody else meets, a listener that has to be there. */
export const ignore = (): void => undefined;
