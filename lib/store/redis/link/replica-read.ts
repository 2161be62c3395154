import { RedisServiceError } from '../../../errors/redis.errors.js';

/** The replies of a replica that cannot serve reads now. */
const UNFIT = ['MASTERDOWN', 'LOADING'];

/** The answer of a replica, or that of the master where the replica cannot serve reads now. */
export const replicaOrMaster = <T>(answer: Promise<T>, askMaster: () => Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    if (error instanceof RedisServiceError && UNFIT.includes(error.replyCode)) return askMaster();
    throw error;
  });
