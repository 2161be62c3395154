import type { RedisClientOptions, RedisClientType, RedisClusterOptions } from 'redis';
import { ImproperlyConfiguredError } from '../../../errors/improperly-configured.error.js';
import { serverTemplate } from '../connection/server-template.js';

/** The nodes to ask for the topology first. Their own settings hold for that question only, as in node-redis. */
export const rootTemplates = (
  { rootNodes, defaults }: RedisClusterOptions,
  connectTimeoutMs: number,
): RedisClientType[] => {
  if (rootNodes.length === 0)
    throw new ImproperlyConfiguredError('cluster.rootNodes: name at least one node of the cluster');
  return rootNodes.map((root, index) =>
    serverTemplate(
      {
        ...defaults,
        ...root,
        socket: { ...defaults?.socket, ...root.socket } as NonNullable<RedisClientOptions['socket']>,
      },
      connectTimeoutMs,
      `cluster.rootNodes.${index}`,
    ),
  );
};

/** What connections to the nodes have in common. */
export const nodeTemplate = (
  { defaults, useReplicas }: RedisClusterOptions,
  connectTimeoutMs: number,
): RedisClientType =>
  serverTemplate({ ...defaults, readonly: useReplicas === true }, connectTimeoutMs, 'cluster.defaults');
