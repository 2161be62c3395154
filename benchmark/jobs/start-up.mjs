export const createJob = (measured) => ({ measured: () => measured });
