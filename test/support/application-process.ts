import { fork } from 'node:child_process';
import { once } from 'node:events';

/** An application in a process of its own, where packages load that Node 20's Jest cannot load. */
export interface ApplicationProcess {
  /** Without a path. */
  readonly url: string;
  /** What it wrote to its standard output and error. */
  log(): string;
  stop(): Promise<void>;
}

/** Runs a program of TypeScript that calls `serve()`, and waits until its application listens. */
export const startApplication = async (
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<ApplicationProcess> => {
  const child = fork(program, {
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    execArgv: ['--import', '@swc-node/register/esm-register'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout!.on('data', (chunk) => (output += String(chunk)));
  child.stderr!.on('data', (chunk) => (output += String(chunk)));
  const [port] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`The application ended: ${output}`))),
  ])) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => output,
    stop: async () => {
      child.disconnect();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (child.exitCode !== 0)
        throw new Error(`The application ended with ${child.signalCode ?? child.exitCode}: ${output}`);
    },
  };
};
