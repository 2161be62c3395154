import { build } from 'esbuild';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Below the packages, which the program finds from there. */
const FOLDER = join(ROOT, 'node_modules/.cache/nestjs-codex-redis');

const made = new Map<string, Promise<string>>();

/**
 * A program of this folder as one file, by its name: a process that runs it is there in a third of the time that
 * compiling the module takes it. Nest finds no types of parameters in it.
 */
export const bundledProgram = (name: string): Promise<string> => {
  const known = made.get(name) ?? bundle(name);
  made.set(name, known);
  return known;
};

const bundle = async (name: string): Promise<string> => {
  const outfile = join(FOLDER, `${name}.mjs`);
  const own = `${outfile}.${process.pid}`;
  mkdirSync(FOLDER, { recursive: true });
  await build({
    entryPoints: [join(ROOT, 'test/support', `${name}.ts`)],
    outfile: own,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  // another worker may be running what was there
  renameSync(own, outfile);
  return outfile;
};
