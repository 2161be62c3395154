import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../docs/pages.js';
import { freePort } from './redis-server.js';

export interface Bookshop {
  readonly url: string;
  /** What it has printed. */
  output(): string;
  readonly stop: () => Promise<void>;
}

/** Starts the sample as its reader does, in a process of its own. */
export const startBookshop = async (
  platform: 'Express' | 'Fastify',
  environment: Readonly<Record<string, string>>,
): Promise<Bookshop> => {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      '--import',
      '@swc-node/register/esm-register',
      'sample/main.ts',
      ...(platform === 'Fastify' ? ['--fastify'] : []),
    ],
    {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', PORT: String(port), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  const read = (chunk: Buffer): void => {
    log += chunk.toString();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  await listening(child, () => log);
  return { url: `http://127.0.0.1:${port}`, output: () => log, stop: () => stop(child) };
};

const listening = (child: ChildProcess, log: () => string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (/Open http:/.test(log())) resolve();
    });
    child.once('exit', (code) => reject(new Error(`The sample ended with code ${String(code)}: ${log()}`)));
  });

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};
