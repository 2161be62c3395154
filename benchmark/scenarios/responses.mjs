import { APPLICATIONS, CACHE_INTERCEPTOR, OURS } from '../contenders/responses/index.mjs';
import { LOAD_GENERATOR, measureSlice, PLATFORM_NAMES, urlsOf } from '../core/web-applications.mjs';
import { withContenders } from '../core/contender-process.mjs';
import { inTurn } from '../core/rounds.mjs';
import { mapValues, median, medianRatio } from '../core/statistics.mjs';
import { figure } from '../report/format.mjs';
import { atLeast } from '../report/targets.mjs';

const PATH = '/order';

export const run = ({ redis, mode }) =>
  withContenders([LOAD_GENERATOR], async ([load]) => {
    const result = {};
    let database = 0;
    for (const [platform, applications] of Object.entries(APPLICATIONS)) {
      const sources = applications.map((application) => ({
        ...application,
        job: 'jobs/web-application.mjs',
        options: { ...application.options, url: redis.urlOf((database += 1)) },
      }));
      result[platform] = await runPlatform(sources, load, mode);
    }
    return result;
  });

/** Whole responses, and answers to those who have them already. */
const runPlatform = async (sources, load, mode) => {
  const rounds = { hit: [], 'not modified': [] };
  for (let start = 0; start < mode.httpStarts; start += 1)
    await withContenders(sources, async (applications) => {
      const urls = await urlsOf(applications);
      const requests = await requestsOf(urls);
      for (const { name } of applications)
        for (const { headers, status } of Object.values(requests[name]))
          await load.call('warmUp', urls[name], PATH, false, mode.httpWarmUp, headers, status);
      for (let round = 0; round < mode.httpRounds; round += 1)
        for (const kind of Object.keys(rounds)) {
          const able = applications.filter(({ name }) => requests[name][kind] !== undefined);
          const ask = (application) => {
            const { headers, status } = requests[application.name][kind];
            return measureSlice(application, load, urls[application.name], PATH, {
              sliceMs: mode.httpSliceMs,
              headers,
              status,
            });
          };
          rounds[kind].push(mapValues(await inTurn(able, 1, ask, round), ([slice]) => slice));
        }
    });
  return summary(rounds);
};

/** The requests to each application. One that sends no ETag is not asked whether its response has changed. */
const requestsOf = async (urls) => {
  const requests = {};
  for (const [name, url] of Object.entries(urls)) {
    await fetch(`${url}${PATH}`);
    const etag = (await fetch(`${url}${PATH}`)).headers.get('etag');
    requests[name] = { hit: {} };
    if (etag !== null) requests[name]['not modified'] = { headers: { 'if-none-match': etag }, status: '304' };
  }
  return requests;
};

const summary = (rounds) =>
  mapValues(rounds, (all) => {
    const rates = (name) => all.map((round) => round[name].perSecond);
    return mapValues(all[0], (_, name) => ({
      perSecond: median(rates(name)),
      ratio:
        all[0][CACHE_INTERCEPTOR] === undefined
          ? undefined
          : medianRatio(rates(name), rates(CACHE_INTERCEPTOR)),
      cpuMicros: median(all.map((round) => round[name].cpuMicros)),
    }));
  });

export const tables = (result) =>
  Object.entries(result).map(([platform, kinds]) => ({
    title: `Cached responses of 2 KB on ${PLATFORM_NAMES[platform]}`,
    note: 'Ratios are to CacheInterceptor; µs is processor time of the server for one request.',
    columns: ['answer', 'application', 'requests /s', 'ratio', 'µs'],
    rows: Object.entries(kinds).flatMap(([kind, applications]) =>
      Object.entries(applications).map(([name, { perSecond, ratio, cpuMicros }]) => [
        kind,
        name,
        figure(perSecond),
        figure(ratio),
        figure(cpuMicros),
      ]),
    ),
  }));

export const targets = (result) =>
  Object.entries(result).flatMap(([platform, { hit, 'not modified': notModified }]) => [
    atLeast(`a cached response on ${platform}, to CacheInterceptor`, hit[OURS].ratio, 1.5),
    atLeast(
      `304 on ${platform}, to a whole cached response`,
      notModified[OURS].perSecond / hit[OURS].perSecond,
      1,
    ),
  ]);
