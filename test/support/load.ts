/** Workers that do the same over and over until they are stopped. */
export class Load {
  readonly #workers: Promise<unknown>;
  #stopped = false;

  /** @param work one round of a worker; gets the numbers of the worker and of the round */
  constructor(workers: number, work: (worker: number, round: number) => Promise<void>) {
    const run = async (worker: number): Promise<void> => {
      for (let round = 0; !this.#stopped; round++) await work(worker, round);
    };
    this.#workers = Promise.all(Array.from({ length: workers }, (_, worker) => run(worker)));
    this.#workers.catch(() => (this.#stopped = true));
  }

  /** Resolves when every worker has finished its round; rejects as the first that failed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#workers;
  }
}
