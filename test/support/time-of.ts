const TICK_MS = 10;

let ticks = 0;
let measuring = 0;
let timer: NodeJS.Timeout | undefined;

/**
 * The milliseconds that some work takes, for an upper bound: while a busy machine does not run this process, only one tick
 * passes.
 */
export const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const since = ticks;
  if (measuring++ === 0) timer = setInterval(() => ticks++, TICK_MS);
  try {
    await work();
    return (ticks - since) * TICK_MS;
  } finally {
    if (--measuring === 0) clearInterval(timer);
  }
};
