const attended = new WeakSet();

/** The request has passed by what caches responses, whether or not its response may be cached. */
export const attend = (request: object): void => {
  attended.add(request);
};

export const isAttended = (request: object): boolean => attended.has(request);
