import type { ThrottlerStorage } from '@nestjs/throttler';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Increment = ThrottlerStorage['increment'];

/** The in-memory storage of `@nestjs/throttler`, asked what it would do at a given time. */
export class ThrottlerReference {
  readonly #process: ChildProcess = fork(
    fileURLToPath(new URL('throttler-reference-process.mjs', import.meta.url)),
    {
      env: { ...process.env, NODE_OPTIONS: '' },
      execArgv: [],
      // JSON has no Infinity
      serialization: 'advanced',
    },
  );

  async increment(now: number, ...call: Parameters<Increment>): Promise<Awaited<ReturnType<Increment>>> {
    this.#process.send({ now, call });
    const [record] = (await once(this.#process, 'message')) as [Awaited<ReturnType<Increment>>];
    return record;
  }

  async stop(): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}
