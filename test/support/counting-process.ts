import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RedisSource } from '../../lib/config/settings.js';
import { bundledProgram } from './bundled-program.js';
import type { CountingOrder, CountingReport } from './counting-program.js';

export interface CountingProcessOptions {
  /** It counts on each of them at once. */
  readonly sources: readonly RedisSource[];
  /** For each of them. */
  readonly callers: number;
  readonly deadlineMs: number;
}

/** Another process with CountingCallers, which can be frozen. */
export class CountingProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(options: CountingProcessOptions): Promise<CountingProcess> {
    const child = fork(await bundledProgram('counting-program'), {
      env: { ...process.env, NODE_OPTIONS: '', COUNTING: JSON.stringify(options) },
      execArgv: [],
    });
    await answer(child);
    return new CountingProcess(child);
  }

  async haveWritten(): Promise<void> {
    await this.#tell('haveWritten');
  }

  async faultBegins(): Promise<void> {
    await this.#tell('faultBegins');
  }

  async faultIsOver(): Promise<void> {
    await this.#tell('faultIsOver');
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  /** Ends it, and gives what became of the calls on each of the sources. */
  async end(): Promise<readonly CountingReport[]> {
    const ended = once(this.child, 'exit');
    const reports = (await this.#tell('end')) as readonly CountingReport[];
    await ended;
    return reports;
  }

  /** Ends it whatever it does; without effect when it has ended. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  #tell(order: CountingOrder): Promise<unknown> {
    const answered = answer(this.child);
    this.child.send(order);
    return answered;
  }
}

/** Its next message. */
const answer = async (child: ChildProcess): Promise<unknown> => {
  const ended = once(child, 'exit').then(() => {
    throw new Error('The process has ended');
  });
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return message;
};
