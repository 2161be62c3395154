import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { inCommon, isAboutCredentials, replyIn, startError } from '../connection/start-error.js';
import { replyCode } from '../connection/translate-error.js';

/** The error that says why the module could not start on the cluster whose root nodes are `names`, and the fix. */
export const clusterStartError = (error: unknown, names: string): Error => {
  const reply = replyIn(error);
  if (reply === undefined) return startError(inCommon(error), names);
  if (isAboutCredentials(reply))
    return new ImproperlyConfiguredError(
      `The Redis Cluster at ${names} refused the credentials (${replyCode(reply)}); check username and password ` +
        'in cluster.defaults, because those of a root node only apply to the first question to that node',
      { cause: reply },
    );
  if (reply.message.includes('cluster support disabled'))
    return new ImproperlyConfiguredError(
      `Redis at ${names} is not a node of a cluster; give its address as \`url\` instead of \`cluster\``,
      { cause: reply },
    );
  return startError(reply, names);
};
