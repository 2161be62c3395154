import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { accessError } from '../connection/access-error.js';
import { replyIn } from '../connection/reply-in.js';
import { inCommon, lacksResp3, startError } from '../connection/start-error.js';
import { ReplicaError, WrongModeError } from '../connection/verify-primary.js';
import { UnknownMasterError } from './sentinel-server.js';

export interface SentinelPlaces {
  /** Addresses of the Sentinels. */
  readonly sentinels: string;
  /** Address of the master, where it is known. */
  readonly master: string | undefined;
  /** Name of the master. */
  readonly name: string;
}

/** The error where the Sentinels, or the master, turn the user away. Else undefined. */
export const sentinelAccessError = (
  error: unknown,
  { sentinels, master }: Omit<SentinelPlaces, 'name'>,
): ImproperlyConfiguredError | undefined =>
  accessError(
    error,
    comesFromSentinels(error, master)
      ? {
          name: `The Sentinels at ${sentinels}`,
          credentials: 'username and password in sentinel.sentinelClientOptions',
        }
      : {
          name: `The master at ${master}`,
          credentials: 'username and password in sentinel.nodeClientOptions',
        },
  );

const comesFromSentinels = (error: unknown, master: string | undefined): master is undefined =>
  error instanceof AggregateError || master === undefined;

/** The error that says why the module could not start on the master that Sentinels watch, and the fix. */
export const sentinelStartError = (error: unknown, { sentinels, master, name }: SentinelPlaces): Error => {
  if (error instanceof AggregateError && error.errors.some((each) => each instanceof UnknownMasterError))
    return new ImproperlyConfiguredError(
      `sentinel.name: the Sentinels at ${sentinels} watch no master of the name ${JSON.stringify(name)}; compare ` +
        'it with "sentinel monitor" in their configuration',
      { cause: error },
    );
  const ofSentinels = comesFromSentinels(error, master);
  const reply = replyIn(error);
  if (ofSentinels && reply?.message.includes('unknown command') === true && !lacksResp3(reply))
    return new ImproperlyConfiguredError(
      `No Sentinel answers at ${sentinels}, but a Redis server; give the port of the Sentinels (26379 by default), or ` +
        'this address as `url`',
      { cause: reply },
    );
  const access = sentinelAccessError(error, { sentinels, master });
  if (access !== undefined) return access;
  if (!ofSentinels && (error instanceof ReplicaError || error instanceof WrongModeError))
    return new ImproperlyConfiguredError(
      `The Sentinels at ${sentinels} name ${master} as the master, but it is none (${error.message}); check ` +
        '"sentinel monitor" in their configuration, and sentinel.nodeAddressMap',
      { cause: error },
    );
  return startError(reply ?? inCommon(error), ofSentinels ? `${sentinels} (Sentinels)` : master);
};
