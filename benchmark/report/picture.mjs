import * as caches from '../contenders/cache/index.mjs';
import * as sessions from '../contenders/session/index.mjs';
import { barChart } from './chart.mjs';

const CACHE_ROWS = [
  ['get', 'small', 256],
  ['get', 'medium', 16],
  ['set', 'small', 256],
  ['set', 'medium', 256],
  ['getMany', 'small', 16],
  ['setMany', 'small', 16],
];

const cacheGroup =
  (cells) =>
  ([operation, size, callers]) => {
    const cell = cells.find(
      (each) => each.operation === operation && each.size === size && each.callers === callers,
    );
    const ratios = [caches.OURS, caches.CACHE_MANAGER, caches.BENTOCACHE].map((name) => cell?.ratio[name]);
    return { label: `${operation} ${size}, ${callers} callers`, values: ratios };
  };

const NO_PEERS = [sessions.BARE, sessions.BY_HAND, sessions.OURS, sessions.IDLE_TIMEOUT, sessions.SEALED];

const sessionGroup = (kind) => (platform, applications) => {
  const peer = Object.keys(applications).find((name) => !NO_PEERS.includes(name));
  return {
    label: `session ${kind}, ${platform}`,
    values: [applications[sessions.OURS].ratio, undefined, undefined, applications[peer].ratio],
  };
};

/** The main comparison of a full run, from its JSON. */
export const picture = ({ results: { cache, session }, versions }) =>
  barChart({
    title: 'Speed relative to the same code without it',
    subtitle: `Caches: 1 is node-redis by itself. Sessions: 1 is the same application without sessions. Node ${versions.node.slice(1)}, Redis ${versions.redis}.`,
    contenders: [caches.OURS, caches.CACHE_MANAGER, caches.BENTOCACHE, 'express-session / @fastify/session'],
    groups: [
      ...CACHE_ROWS.map(cacheGroup(cache.cells)),
      ...['read', 'write'].flatMap((kind) =>
        Object.entries(session).map(([platform, kinds]) => sessionGroup(kind)(platform, kinds[kind])),
      ),
    ],
    print: (value) => value.toFixed(2),
  });
