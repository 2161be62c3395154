/** What the parent asks a web application's own process for. */
export const createJob = ({ url }) => ({
  url: () => url,

  /** Microseconds of processor time so far. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
