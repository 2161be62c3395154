import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { bundledProgram } from './bundled-program.js';
import type { Order, Report } from './asking-program.js';

/** Another process, many of whose callers ask a cache for one key. */
export class AskingProcess {
  readonly #reports: Report[] = [];
  readonly #counts = new Map<Report['kind'], number>();
  readonly #ended: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    this.#ended = once(child, 'exit');
    child.on('message', (report: Report) => {
      this.#reports.push(report);
      this.#counts.set(report.kind, this.count(report.kind) + 1);
    });
  }

  static async start(redisUrl: string): Promise<AskingProcess> {
    const child = fork(await bundledProgram('asking-program'), {
      env: { ...process.env, NODE_OPTIONS: '', REDIS_URL: redisUrl },
      execArgv: [],
    });
    const asking = new AskingProcess(child);
    await asking.next('ready');
    return asking;
  }

  tell(order: Order): void {
    this.child.send(order);
  }

  /** The next report of a kind. Those of other kinds stay to be asked for. */
  async next<K extends Report['kind']>(kind: K): Promise<Extract<Report, { kind: K }>> {
    for (;;) {
      const at = this.#reports.findIndex((report) => report.kind === kind);
      if (at >= 0) return this.#reports.splice(at, 1)[0] as Extract<Report, { kind: K }>;
      const end = this.#ended.then(() => 'end' as const);
      if ((await Promise.race([once(this.child, 'message'), end])) === 'end')
        throw new Error(`A process has ended instead of reporting ${kind}`);
    }
  }

  /** How many reports of a kind there were. */
  count(kind: Report['kind']): number {
    return this.#counts.get(kind) ?? 0;
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  async end(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await this.#ended;
  }
}
