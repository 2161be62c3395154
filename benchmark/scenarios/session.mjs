import { APPLICATIONS, BARE, BY_HAND, IDLE_TIMEOUT, OURS, SEALED } from '../contenders/session/index.mjs';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
import { LOAD_GENERATOR, measureSlice, PLATFORM_NAMES, urlsOf } from '../core/web-applications.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { commandsEach, figure } from '../report/format.mjs';
import { atLeast, atMost } from '../report/targets.mjs';

const COUNTED = 20;

const REQUESTS = {
  read: { path: '/read', signedIn: true },
  write: { path: '/write', signedIn: true },
  anonymous: { path: '/read', signedIn: false },
  excluded: { path: '/health', signedIn: true },
};

export const run = async ({ redis, mode }) =>
  withContenders([LOAD_GENERATOR], async ([load]) => {
    const result = {};
    for (const [platform, applications] of Object.entries(APPLICATIONS)) {
      const sources = applications.map((application) => ({
        ...application,
        job: 'jobs/web-application.mjs',
        options: { ...application.options, url: redis.url },
      }));
      result[platform] = await runPlatform(sources, load, redis, mode);
    }
    return result;
  });

/**
 * The processes are started several times: how V8 lays out its heap and its code is a matter of chance at the start
 * of one, and moves the figures of a whole process by up to a fifth.
 */
const runPlatform = async (sources, load, redis, mode) => {
  const rounds = [];
  let commands;
  for (let start = 0; start < mode.httpStarts; start += 1)
    await withContenders(sources, async (applications) => {
      rounds.push(...(await runRounds(applications, load, mode)));
      commands ??= await countAll(applications, load, redis);
    });
  return mapValues(REQUESTS, (_, kind) =>
    summary(
      mapValues(commands, (_, name) => rounds.map((round) => round[kind][name])),
      mapValues(commands, (counted) => counted[kind]),
    ),
  );
};

/** What each application takes for each kind of request, once it is warm. */
const runRounds = async (applications, load, mode) => {
  const urls = await urlsOf(applications);
  if (mode.httpWarmUp > 0) await warmUp(applications, load, urls, mode.httpWarmUp);
  const rounds = [];
  for (let round = 0; round < mode.httpRounds; round += 1) {
    const result = {};
    for (const [kind, { path, signedIn }] of Object.entries(REQUESTS)) {
      const slices = await inTurn(
        applications,
        1,
        (application) =>
          measureSlice(application, load, urls[application.name], path, {
            signedIn,
            sliceMs: mode.httpSliceMs,
          }),
        round,
      );
      result[kind] = mapValues(slices, ([slice]) => slice);
    }
    rounds.push(result);
  }
  return rounds;
};

/** By requests, not by time: the slower an application, the longer it takes V8 to get to know it. */
const warmUp = async (applications, load, urls, requests) => {
  for (const { name } of applications)
    for (const { path, signedIn } of Object.values(REQUESTS))
      await load.call('warmUp', urls[name], path, signedIn, requests);
};

/** The commands of each application for each kind of request, after a look whether its sessions work. */
const countAll = async (applications, load, redis) => {
  const urls = await urlsOf(applications);
  const counted = {};
  for (const { name } of applications) {
    await load.call('check', urls[name], name !== BARE);
    counted[name] = {};
    for (const [kind, { path, signedIn }] of Object.entries(REQUESTS)) {
      const ask = (times) => load.call('times', urls[name], path, signedIn, times);
      // The first visit signs the visitors in.
      await ask(1);
      counted[name][kind] = await countCommands(redis.url, () => ask(COUNTED));
    }
  }
  return counted;
};

const summary = (rounds, commands) => {
  const rates = mapValues(rounds, (all) => all.map(({ perSecond }) => perSecond));
  return mapValues(rounds, (all, name) => ({
    perSecond: median(rates[name]),
    ratio: medianRatio(rates[name], rates[BARE]),
    ratioToOurs: medianRatio(rates[name], rates[OURS]),
    ratioToByHand: rates[BY_HAND] === undefined ? undefined : medianRatio(rates[name], rates[BY_HAND]),
    cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
    commands: sumOf(commands[name]) / COUNTED,
    commandNames: commandsEach(commands[name], COUNTED),
  }));
};

const tableOf = (platform, kinds) => ({
  title: `Sessions on ${PLATFORM_NAMES[platform]}`,
  note: 'Each against the same application without sessions; µs is processor time of the server for one request.',
  columns: ['request', 'application', 'requests /s', 'ratio', 'µs', 'commands'],
  rows: Object.entries(kinds).flatMap(([kind, applications]) =>
    Object.entries(applications).map(([name, { perSecond, ratio, cpuMicros, commandNames }]) => [
      kind,
      name,
      figure(perSecond),
      figure(ratio),
      figure(cpuMicros),
      commandNames,
    ]),
  ),
});

export const tables = (result) => Object.entries(result).map(([platform, kinds]) => tableOf(platform, kinds));

/** On Express up to Node 22, what this module does for each request makes up for what the session takes. */
const WANTED = {
  express: {
    yardstick: 'to the application without',
    ratio: 'ratio',
    kinds: { read: 1.3, write: 0.9, anonymous: 0.98, excluded: 0.98 },
  },
  fastify: {
    yardstick: 'to what is written by hand',
    ratio: 'ratioToByHand',
    kinds: { read: 0.95, write: 0.88, anonymous: 0.92, excluded: 0.92 },
  },
};

const COMMANDS = { anonymous: 0, excluded: 0, read: 1, write: 2 };

const FEATURES = [
  { name: IDLE_TIMEOUT, what: 'an idle timeout, nothing to touch', kinds: { read: 0.98 } },
  { name: SEALED, what: 'keys hashed and sessions sealed', kinds: { read: 0.8, write: 0.8 } },
];

const featureTargets = ({ fastify }) =>
  FEATURES.flatMap(({ name, what, kinds }) =>
    Object.entries(kinds).map(([kind, least]) =>
      atLeast(`session ${kind} with ${what}, to one without`, fastify[kind][name]?.ratioToOurs, least),
    ),
  );

export const targets = (result) => [...platformTargets(result), ...featureTargets(result)];

const platformTargets = (result) =>
  Object.entries(result).flatMap(([platform, kinds]) => {
    const wanted = WANTED[platform];
    return Object.entries(kinds).flatMap(([kind, { [OURS]: ours }]) => [
      atLeast(
        `session ${kind} on ${platform}, ${wanted.yardstick}`,
        ours?.[wanted.ratio],
        wanted.kinds[kind],
      ),
      atMost(`session ${kind} on ${platform}, commands`, ours?.commands, COMMANDS[kind]),
    ]);
  });
