import { APPLICATIONS, BARE, OURS } from '../contenders/session/index.mjs';
import { countCommands, sumOf } from '../core/command-monitor.mjs';
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
  skipped: { path: '/health', signedIn: true },
};

const LOAD = {
  name: 'load generator',
  contender: 'contenders/load-generator.mjs',
  job: 'jobs/http-load.mjs',
};

export const run = async ({ redis, mode }) =>
  withContenders([LOAD], async ([load]) => {
    const result = {};
    for (const [platform, applications] of Object.entries(APPLICATIONS)) {
      const sources = applications.map((application) => ({
        ...application,
        job: 'jobs/web-application.mjs',
        options: { ...application.options, url: redis.url },
      }));
      result[platform] = await withContenders(sources, (started) => runPlatform(started, load, redis, mode));
    }
    return result;
  });

const runPlatform = async (applications, load, redis, mode) => {
  const urls = {};
  for (const application of applications) {
    urls[application.name] = await application.call('url');
    await load.call('check', urls[application.name], application.name !== BARE);
  }
  const result = {};
  for (const [kind, { path, signedIn }] of Object.entries(REQUESTS)) {
    const measure = (sliceMs) => (application) =>
      measureSlice(application, load, urls[application.name], path, signedIn, sliceMs);
    if (mode.httpWarmUpMs > 0) await inTurn(applications, 1, measure(mode.httpWarmUpMs));
    const rounds = await inTurn(applications, mode.rounds, measure(mode.httpSliceMs));
    const commands = {};
    for (const { name } of applications)
      commands[name] = await countCommands(redis.url, () =>
        load.call('times', urls[name], path, signedIn, COUNTED),
      );
    result[kind] = summary(rounds, commands);
  }
  return result;
};

const measureSlice = async (application, load, url, path, signedIn, sliceMs) => {
  const before = await application.call('cpu');
  const { requests, ms } = await load.call('measure', url, path, signedIn, sliceMs);
  const cpu = (await application.call('cpu')) - before;
  return { perSecond: (requests / ms) * 1000, cpuMicros: cpu / requests };
};

const summary = (rounds, commands) => {
  const rates = mapValues(rounds, (all) => all.map(({ perSecond }) => perSecond));
  return mapValues(rounds, (all, name) => ({
    perSecond: median(rates[name]),
    ratio: medianRatio(rates[name], rates[BARE]),
    cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
    commands: sumOf(commands[name]) / COUNTED,
    commandNames: commandsEach(commands[name], COUNTED),
  }));
};

const tableOf = (platform, kinds) => ({
  title: `Sessions on ${platform === 'express' ? 'Express' : 'Fastify'}`,
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

const WANTED = {
  express: { read: 0.93, write: 0.88, anonymous: 0.98, skipped: 0.98 },
  fastify: { read: 0.65, write: 0.5, anonymous: 0.9, skipped: 0.9 },
};

const COMMANDS = { anonymous: 0, skipped: 0, read: 1, write: 2 };

export const targets = (result) =>
  Object.entries(result).flatMap(([platform, kinds]) =>
    Object.entries(kinds).flatMap(([kind, { [OURS]: ours }]) => [
      atLeast(
        `session ${kind} on ${platform}, to the application without`,
        ours?.ratio,
        WANTED[platform][kind],
      ),
      atMost(`session ${kind} on ${platform}, commands`, ours?.commands, COMMANDS[kind]),
    ]),
  );
