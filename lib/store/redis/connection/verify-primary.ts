import { ErrorReply } from 'redis';
import type { RedisReply } from '../link/redis-link.js';
import { replyCode } from './translate-error.js';

/** Raised by a server that takes no writes, as one may for a while in the middle of a failover. */
export class ReplicaError extends Error {
  constructor() {
    super('The server is a replica');
  }
}

/** Raised by a server that is of another kind than the option says. */
export class WrongModeError extends Error {
  constructor(readonly mode: 'cluster' | 'sentinel') {
    super(mode === 'cluster' ? 'The server is a node of a Redis Cluster' : 'The server is a Redis Sentinel');
  }
}

type Ask = (args: string[]) => Promise<RedisReply>;

/**
 * Verifies that a server is a primary: a name may lead to another one after a failover. A user whose ACL
 * forbids the questions is accepted.
 *
 * @throws ReplicaError | WrongModeError
 */
export const verifyPrimary = async (ask: Ask): Promise<void> => {
  const [role, greeting] = await Promise.all([unlessRefused(ask(['ROLE'])), unlessRefused(ask(['HELLO']))]);
  const [kind] = (role ?? []) as readonly RedisReply[];
  if (kind === 'sentinel') throw new WrongModeError('sentinel');
  if (modeOf(greeting) === 'cluster') throw new WrongModeError('cluster');
  if (kind === 'slave') throw new ReplicaError();
};

/** Only what says that the question is not allowed or not known; a server that is loading is asked again. */
const REFUSALS = ['NOPERM', 'ERR'];

const unlessRefused = async (answer: Promise<RedisReply>): Promise<RedisReply> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ErrorReply && REFUSALS.includes(replyCode(error))) return null;
    throw error;
  }
};

/** RESP 3 answers with a map, RESP 2 with a list of names and values. */
const modeOf = (greeting: RedisReply): unknown => {
  if (!Array.isArray(greeting)) return (greeting as { readonly mode?: unknown } | null)?.mode;
  const list = greeting as readonly RedisReply[];
  const at = list.indexOf('mode');
  return at === -1 ? undefined : list[at + 1];
};
