import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ROOT } from './pages.js';

const LIB = join(ROOT, 'lib');

/** The folder of `lib`, or of its store, that has this name. */
export const folderOf = (room: string): string | undefined =>
  [join(LIB, room), join(LIB, 'store', room)].find(existsSync);

/** The folders that the files of a folder, at any depth, import from; with each the folders it lies in. */
export const importsOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .flatMap((file) => imported(file).map((path) => dirname(resolve(dirname(file), path))))
    .flatMap((at) => [at, dirname(at), dirname(dirname(at))]);

const imported = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?: from |import\()'(\.[^']+)'/g)].map(([, path = '']) => path);
