import { ErrorReply } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { RedisServiceError } from '../../../errors/redis.errors.js';
import { UnknownMasterError } from '../sentinel/sentinel-server.js';
import { startError } from './start-error.js';
import { replyCode } from './translate-error.js';

/** Why the module could not start on the cluster whose root nodes are `names`, and what to do. */
export const clusterStartError = (error: unknown, names: string): Error => {
  const reply = replyIn(error);
  if (reply === undefined) return startError(inCommon(error), names);
  if (isAboutCredentials(reply))
    return new ImproperlyConfiguredError(
      `The Redis Cluster at ${names} refused the credentials (${replyCode(reply)}); check username and password ` +
        'in cluster.defaults: those of a root node hold for the first question to that node only',
      { cause: reply },
    );
  if (reply.message.includes('cluster support disabled'))
    return new ImproperlyConfiguredError(
      `Redis at ${names} is no node of a cluster; give its address as \`url\` instead of \`cluster\``,
      { cause: reply },
    );
  return startError(reply, names);
};

export interface SentinelPlaces {
  /** Addresses of the Sentinels. */
  readonly sentinels: string;
  /** Address of the master, where it is known. */
  readonly master: string | undefined;
  /** Name of the master. */
  readonly name: string;
}

/** Why the module could not start on the master that Sentinels watch, and what to do. */
export const sentinelStartError = (error: unknown, { sentinels, master, name }: SentinelPlaces): Error => {
  if (error instanceof AggregateError && error.errors.some((each) => each instanceof UnknownMasterError))
    return new ImproperlyConfiguredError(
      `sentinel.name: the Sentinels at ${sentinels} watch no master of the name ${JSON.stringify(name)}; compare ` +
        'it with "sentinel monitor" in their configuration',
      { cause: error },
    );
  const ofSentinels = error instanceof AggregateError || master === undefined;
  const reply = replyIn(error);
  if (reply !== undefined && isAboutCredentials(reply))
    return new ImproperlyConfiguredError(
      ofSentinels
        ? `The Sentinels at ${sentinels} refused the credentials (${replyCode(reply)}); check username and ` +
            'password in sentinel.sentinelClientOptions'
        : `The master at ${master} refused the credentials (${replyCode(reply)}); check username and password ` +
            'in sentinel.nodeClientOptions',
      { cause: reply },
    );
  return startError(reply ?? inCommon(error), ofSentinels ? `${sentinels} (Sentinels)` : master);
};

const CREDENTIALS = ['WRONGPASS', 'NOAUTH', 'NOPERM'];

const isAboutCredentials = (reply: ErrorReply): boolean => CREDENTIALS.includes(replyCode(reply));

/** Where all failed alike, as by TLS, one of them says what to do. */
const inCommon = (error: unknown): unknown => {
  if (!(error instanceof AggregateError)) return error;
  const codes = new Set(error.errors.map((each: NodeJS.ErrnoException) => each.code));
  return codes.size === 1 ? error.errors[0] : error;
};

/** What a server answered says more than that others did not. */
const replyIn = (error: unknown): ErrorReply | undefined => {
  if (error instanceof ErrorReply) return error;
  if (error instanceof RedisServiceError) return replyIn(error.cause);
  if (error instanceof AggregateError) return error.errors.map(replyIn).find((reply) => reply !== undefined);
  return undefined;
};
