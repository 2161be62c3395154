import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ignore } from '../../lib/common/ignore.js';
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
  readonly #ended: Promise<never>;

  private constructor(private readonly child: ChildProcess) {
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`The process has ended with ${String(code ?? signal)}`);
    });
    this.#ended.catch(ignore);
  }

  static async start(options: CountingProcessOptions): Promise<CountingProcess> {
    const child = fork(await bundledProgram('counting-program'), {
      env: { ...process.env, NODE_OPTIONS: '', COUNTING: JSON.stringify(options) },
      execArgv: [],
    });
    const counting = new CountingProcess(child);
    await counting.#answer();
    return counting;
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
    // its last message might be read after its exit, were it to end by itself
    this.child.disconnect();
    await ended;
    return reports;
  }

  /** Ends it whatever it does; without effect when it has ended. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  #tell(order: CountingOrder): Promise<unknown> {
    const answered = this.#answer();
    this.child.send(order);
    return answered;
  }

  /** Its next message. */
  async #answer(): Promise<unknown> {
    const message = new Promise((resolve) => this.child.once('message', resolve));
    return Promise.race([message, this.#ended]);
  }
}
