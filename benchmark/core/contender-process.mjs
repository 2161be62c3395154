import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sideBySide } from './side-by-side.mjs';

const fromHere = (path) => fileURLToPath(new URL(path, import.meta.url));

const WORKER = fromHere('./worker.mjs');

/**
 * A heap that is not collected as a whole while an application starts. When that happens before V8 has optimised
 * `process.nextTick`, its inline caches lose the objects they know for good and each call takes 0.3 µs more: a tenth of
 * a request on Fastify, for the contender whose heap happens to fill up at the wrong moment.
 */
const ROOMY_HEAP = ['--initial-old-space-size=256'];

/** A contender in a process of its own, with a job whose functions are called from here. */
export class ContenderProcess {
  #child;
  #waiting = new Map();
  #lastId = 0;

  /** Once its contender is open. */
  opened = this.#reply(0);

  /**
   * @param {{ name: string, contender: string, job: string, options?: object, nodeArgs?: string[] }} source paths
   *   are relative to the folder of the benchmark
   */
  constructor({ name, contender, job, options = {}, nodeArgs = ROOMY_HEAP }) {
    this.name = name;
    this.options = options;
    const args = [fromHere(`../${contender}`), fromHere(`../${job}`), JSON.stringify(options)];
    this.#child = fork(WORKER, args, { execArgv: nodeArgs, serialization: 'advanced' });
    this.#child.on('message', ({ id, result, error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
    this.#child.on('exit', (code, signal) => {
      const error = new Error(`${name}: its process ended with ${code ?? signal}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  /** Starts one and waits until its contender is open. */
  static async start(source) {
    const started = new ContenderProcess(source);
    await started.opened;
    return started;
  }

  /** Runs a function of the job over there. */
  call(name, ...args) {
    this.#lastId += 1;
    const reply = this.#reply(this.#lastId);
    this.#child.send({ id: this.#lastId, name, args });
    return reply;
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  #reply(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

/** Starts the contenders, hands them to `use`, and ends their processes whatever happens. */
export const withContenders = async (sources, use) => {
  const started = sources.map((source) => new ContenderProcess(source));
  try {
    await sideBySide(started.map(({ opened }) => opened));
    return await use(started);
  } finally {
    await Promise.all(started.map((contender) => contender.stop()));
  }
};
