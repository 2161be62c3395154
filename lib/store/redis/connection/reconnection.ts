import type { Dial, DialledClient } from './dial.js';

/** After this long without an answer the next attempt starts. */
const IMPATIENCE_MS = 300;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

export interface ReconnectionOptions {
  readonly start: () => Dial;
  /** Called once; the reconnection has ended then. */
  readonly onOpen: (opened: DialledClient) => void;
  /** Whether the first attempt is made without a pause. */
  readonly hurry: boolean;
}

/**
 * Tries until Redis is back. An attempt that is refused is followed by a pause that doubles up to a bound, with
 * jitter, so that a fleet does not come all at once. One that gets no answer (packets dropped, a frozen server) may
 * go on beside later ones for its whole time: the later ones notice a return soon, it serves a slow network.
 */
export class Reconnection {
  #stopped = false;
  #patient: Dial | undefined;
  #impatient: Dial | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly options: ReconnectionOptions) {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    const reason = new Error('No longer wanted');
    this.#patient?.abandon(reason);
    this.#impatient?.abandon(reason);
    this.#wake?.();
  }

  async #run(): Promise<void> {
    let refusals = 0;
    if (!this.options.hurry) await this.#sleep(jittered(LONGEST_PAUSE_MS));
    while (!this.#stopped) {
      const outcome = await this.#attempt();
      if (outcome === 'refused') await this.#sleep(pauseAfter(refusals++));
    }
  }

  async #attempt(): Promise<'opened' | 'refused' | 'silent'> {
    const dial = this.options.start();
    this.#impatient = dial;
    const settled = dial.opened.then(
      (opened) => {
        this.#open(dial, opened);
        return 'opened' as const;
      },
      () => {
        if (this.#patient === dial) this.#patient = undefined;
        return 'refused' as const;
      },
    );
    const outcome = await Promise.race([settled, this.#sleep(IMPATIENCE_MS)]);
    this.#wake?.();
    if (outcome === 'silent') this.#keepOrDrop(dial);
    return outcome;
  }

  #keepOrDrop(dial: Dial): void {
    if (this.#patient === undefined) this.#patient = dial;
    else dial.abandon(new Error('The next attempt follows'));
  }

  #open(dial: Dial, opened: DialledClient): void {
    if (this.#stopped) {
      opened.client.destroy();
      return;
    }
    if (this.#patient === dial) this.#patient = undefined;
    if (this.#impatient === dial) this.#impatient = undefined;
    this.stop();
    this.options.onOpen(opened);
  }

  #sleep(ms: number): Promise<'silent'> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('silent'), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve('silent');
      };
    });
  }
}

const pauseAfter = (refusals: number): number =>
  jittered(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** refusals));

const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);
