import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../docs/pages.js';

const MARKS = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** Runs a program to its end; what it printed, with it in the error when it fails. */
export const run = (folder: string, program: string, ...args: string[]): string => {
  try {
    return execFileSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', NODE_ENV: 'test' },
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
};

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

export interface Tarball {
  readonly path: string;
  readonly files: readonly PackedFile[];
  /** A fresh folder with a fixture and the tarball installed into it. */
  install(fixture: string): string;
  remove(): void;
}

/** Builds and packs the package as it would be published. */
export const pack = (): Tarball => {
  const folder = mkdtempSync(join(tmpdir(), 'codex-redis-package-'));
  run(ROOT, 'npm', 'run', 'build');
  const printed = run(ROOT, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const packed = JSON.parse(printed) as Packed[] | Record<string, Packed>;
  const { filename, files } = Object.values(packed)[0]!;
  const path = join(folder, filename);
  return {
    path,
    files,
    install: (fixture) => {
      const target = join(folder, fixture);
      cpSync(join(ROOT, 'test/package/fixtures', fixture), target, { recursive: true });
      addDependency(join(target, 'package.json'), path);
      run(target, 'npm', 'install', ...MARKS);
      return target;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

interface Packed {
  readonly filename: string;
  readonly files: readonly PackedFile[];
}

const addDependency = (path: string, tarball: string): void => {
  const declared = JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> };
  declared.dependencies['nestjs-codex-redis'] = `file:${tarball}`;
  writeFileSync(path, JSON.stringify(declared, null, 2));
};
