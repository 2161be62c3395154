import { parseEnv } from 'node:util';
import { blocksOf, type CodeBlock, pages } from '../docs/pages.js';
import { type StandIns, withStandIns } from '../docs/stand-ins.js';
import { type PythonModule, pythonModules } from './python-modules.js';

export type Environment = Readonly<Record<string, string>>;

const BLOCKS = pages().flatMap(blocksOf);

const standInsFor = (redisPort: number): StandIns => ({ 'localhost:6379': `127.0.0.1:${redisPort}` });

/** The blocks of Python on the pages, by the module that each is, with the Redis on this port in them. */
export const documentedModules = (redisPort: number): [PythonModule, string][] =>
  [...pythonModules(BLOCKS.filter(({ language }) => language === 'python'))].map(([name, block]) => [
    name,
    withStandIns(block, standInsFor(redisPort)),
  ]);

/** The settings that docs/django.md gives both sides, with the Redis on this port in them. */
export const documentedEnvironment = (redisPort: number): Environment => {
  const isSettings = ({ page, language }: CodeBlock): boolean =>
    page === 'docs/django.md' && language === 'dotenv';
  return parseEnv(withStandIns(BLOCKS.find(isSettings)!, standInsFor(redisPort))) as Environment;
};
