/** Nothing to open: the job brings the library. */
export const open = () => ({});
