import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface SystemProgram {
  /** What the program may be called, the best first. */
  readonly names: readonly string[];
  /** The system's packages that bring it. */
  readonly packages: readonly string[];
  /** What needs it, for the message where it is not available. */
  readonly need: string;
  /** Whether the program at this path will do, where more is asked than its name. */
  readonly isFit?: (path: string) => boolean;
}

/** The path of a program, whose package is installed where that is allowed. */
export const systemProgram = ({ names, packages, need, isFit }: SystemProgram): string => {
  const found = programOnPath(names, isFit);
  if (found !== undefined) return found;
  const reason = install(packages);
  const installed = programOnPath(names, isFit);
  if (installed !== undefined) return installed;
  const program = `${isFit === undefined ? '' : 'such a '}${names.join(' or ')}`;
  throw new Error(
    `${need}. Put ${program} on the PATH, or run the tests as a user who may install ` +
      `${packages.join(' ')} with apt-get. ${reason}`,
  );
};

/** The path of the first of these programs that there is (and is fit), `undefined` where there is none. */
export const programOnPath = (
  names: readonly string[],
  isFit: (path: string) => boolean = () => true,
): string | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => isExecutable(path) && isFit(path));
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const install = (packages: readonly string[]): string => {
  try {
    aptGet('update', '-qq');
    aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const aptGet = (...args: string[]): void => {
  // a new machine may still be at its own updates
  const command = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args];
  const [program = '', ...rest] = process.getuid?.() === 0 ? command : ['sudo', '-n', ...command];
  execFileSync(program, rest, {
    stdio: 'pipe',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
};
