import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ROOT } from './pages.js';

const LIB = join(ROOT, 'lib');

/** The folder of `lib`, or of its store, that has this name. */
export const folderOf = (room: string): string | undefined =>
  [join(LIB, room), join(LIB, 'store', room)].find(existsSync);

/** The folders that the files of a folder itself import from. */
export const importsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/(?: from |import\()'(\.[^']+)'/g),
    ])
    .map(([, path = '']) => dirname(resolve(folder, path)));
