/** Who sends the requests. */
export const LOAD_GENERATOR = {
  name: 'load generator',
  contender: 'contenders/load-generator.mjs',
  job: 'jobs/http-load.mjs',
};

export const PLATFORM_NAMES = { express: 'Express', fastify: 'Fastify' };

/** The address of each application by its name. */
export const urlsOf = async (applications) => {
  const urls = {};
  for (const application of applications) urls[application.name] = await application.call('url');
  return urls;
};

/** Requests per second, and the processor time that the application takes for one. */
export const measureSlice = async (
  application,
  load,
  url,
  path,
  { signedIn = false, sliceMs, headers, status },
) => {
  const before = await application.call('cpu');
  const { requests, ms } = await load.call('measure', url, path, signedIn, sliceMs, headers, status);
  const cpu = (await application.call('cpu')) - before;
  return { perSecond: (requests / ms) * 1000, cpuMicros: cpu / requests };
};
