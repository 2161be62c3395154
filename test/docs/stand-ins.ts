import type { CodeBlock } from './pages.js';

/** What stands here for each server and file of the pages, by the name it has there: a host with its port, a path. */
export type StandIns = Readonly<Record<string, string>>;

const URL_OF_REDIS = /\b(?:rediss?|unix):\/\/[^'"`\s]+/g;
const HOST_AND_PORT = /\bhost: '([^']*)'(?:, port: (\d+))?/g;
const FILE_READ = /(?<=readFileSync\(')[^']+/g;

/** @throws Error when the code of the block names what has no stand-in. */
export const withStandIns = ({ page, line, code }: CodeBlock, standIns: StandIns): string => {
  const standIn = (name: string): string => {
    const found = standIns[name];
    if (found === undefined)
      throw new Error(`${page}:${line} names ${name}, for which the tests have no stand-in`);
    return found;
  };
  return code
    .replace(URL_OF_REDIS, (url) => urlOf(standIn, new URL(url)))
    .replace(HOST_AND_PORT, (_, host: string, port = '') => {
      const [standInHost = '', standInPort = ''] = standIn(`${host}:${port}`).split(':');
      return `host: '${standInHost}', port: ${standInPort}`;
    })
    .replace(FILE_READ, standIn);
};

const urlOf = (standIn: (name: string) => string, url: URL): string => {
  if (url.protocol === 'unix:') url.pathname = standIn(url.pathname);
  else url.host = standIn(url.host);
  return url.href;
};
