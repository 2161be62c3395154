import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { accessError } from '../connection/access-error.js';
import { replyIn } from '../connection/reply-in.js';
import { inCommon, startError } from '../connection/start-error.js';

const CREDENTIALS =
  'username and password in cluster.defaults, because those of a root node only apply to the first question to that node';

/** The error where one node, at `name`, turns the user away. Else undefined. */
export const nodeAccessError = (error: unknown, name: string): ImproperlyConfiguredError | undefined =>
  accessError(error, {
    name: `The node of the Redis Cluster at ${name}`,
    credentials: `that the user exists there, as on every other node, and ${CREDENTIALS}`,
  });

/** The error that says why the module could not start on the cluster whose root nodes are `names`, and the fix. */
export const clusterStartError = (error: unknown, names: string): Error => {
  const reply = replyIn(error);
  if (reply === undefined) return startError(inCommon(error), names);
  const access = accessError(reply, { name: `The Redis Cluster at ${names}`, credentials: CREDENTIALS });
  if (access !== undefined) return access;
  if (reply.message.includes('cluster support disabled'))
    return new ImproperlyConfiguredError(
      `Redis at ${names} is not a node of a cluster; give its address as \`url\` instead of \`cluster\``,
      { cause: reply },
    );
  return startError(reply, names);
};
