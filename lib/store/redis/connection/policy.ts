/** The time constants of the connections to Redis, in milliseconds. Those that an operator sets are options instead. */
export const POLICY = {
  /** While a server refuses: the pauses between attempts double from the first to the longest, with jitter. */
  firstPauseMs: 10,
  longestPauseMs: 200,
  /** After this long without an answer the next attempt to connect starts beside. */
  attemptPatienceMs: 300,
  /** A connection that ended sooner than this is not replaced at once: something closes each. */
  shortLifeMs: 1000,
  /** A connection that carried nothing for this long is asked for a sign of life before it is used. */
  idleMs: 1000,
  /** After a failed start commands fail at once for this long, rather than each starting one more attempt. */
  respiteMs: 100,
  /** One of several servers may stay silent for this long before the next is asked beside it. */
  hedgeMs: 100,
  /** The other Sentinels may take this long after the first has answered. */
  majorityMs: 100,
  /** The Sentinels tell of a new master by themselves; whether they still can is seen by asking this often. */
  sentinelScanMs: 1000,
  /** The Sentinels are asked this often which others there are. */
  discoveryMs: 10_000,
  /**
   * An announcement outweighs older ones for this long. Sentinels hear of a failover from each other within seconds: a
   * Sentinel that names an older master is cut off. Once nobody confirms the newer one, they may have been set up
   * afresh.
   */
  announcementMs: 30_000,
  /** While a master of a Cluster is down: the pauses between questions for the topology, often at first. */
  firstTopologyPauseMs: 50,
  longestTopologyPauseMs: 400,
  /** The topology is asked for this long after a redirection: a migration gives one redirection for each slot. */
  afterRedirectionMs: 50,
  /** A node without slots is kept for this long after it was asked for a key. */
  askedNodeMs: 5000,
  /** Keys of a slot move some at a time: a command that names several of them may have to wait for the last. */
  tryAgainMs: 20,
  /** Following a redirection gets at least this much time. */
  leastRedirectionMs: 100,
  /** A connection that only listens is checked this often. */
  subscriptionCheckMs: 10_000,
  /** A client of the user's own is checked this often until it is ready. */
  readinessPollMs: 10,
} as const;

/** The pause after so many refusals, with jitter so that a fleet does not come all at once. */
export const pauseAfter = (refusals: number): number =>
  jittered(Math.min(POLICY.longestPauseMs, POLICY.firstPauseMs * 2 ** refusals));

/** Between half of it and the whole. */
export const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);
