import * as cacheThroughput from './cache-throughput.mjs';
import * as clear from './clear.mjs';
import * as failover from './failover.mjs';
import * as faults from './faults.mjs';
import * as memory from './memory.mjs';
import * as movedName from './moved-name.mjs';
import * as observing from './observing.mjs';
import * as readingThrough from './reading-through.mjs';
import * as responses from './responses.mjs';
import * as serializer from './serializer.mjs';
import * as session from './session.mjs';
import * as sessionEvents from './session-events.mjs';
import * as sharedStampede from './shared-stampede.mjs';
import * as stampede from './stampede.mjs';
import * as startUp from './start-up.mjs';
import * as tags from './tags.mjs';
import * as userSessions from './user-sessions.mjs';

/**
 * Every scenario, in the order of the report.
 *
 * @typedef {object} Scenario
 * @property {string} name for `--only`
 * @property {boolean} [unhurried] whether the processor's speed hardly matters to it, so that others of the kind may run
 *   beside it
 * @property {(context: { redis: import('../core/redis-server.mjs').RedisServer, mode: import('../core/modes.mjs').Mode }) => Promise<any>} run
 *   measures; throws when something does not work
 * @property {(result: any) => { title: string, note?: string, columns: string[], rows: unknown[][] }[]} tables
 * @property {(result: any) => import('../report/targets.mjs').Target[]} targets
 */

/** @type {Scenario[]} */
export const SCENARIOS = [
  { name: 'cache', ...cacheThroughput },
  { name: 'reading-through', ...readingThrough },
  { name: 'observing', ...observing },
  { name: 'serializer', ...serializer },
  { name: 'stampede', ...stampede },
  { name: 'shared-stampede', ...sharedStampede },
  { name: 'tags', ...tags },
  { name: 'memory', ...memory },
  { name: 'clear', ...clear },
  { name: 'session', ...session },
  { name: 'user-sessions', ...userSessions },
  { name: 'session-events', ...sessionEvents },
  { name: 'responses', ...responses },
  { name: 'faults', ...faults },
  { name: 'failover', ...failover },
  { name: 'moved-name', ...movedName },
  { name: 'start-up', ...startUp },
];
