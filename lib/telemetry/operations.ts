import { type Channel, channel } from 'node:diagnostics_channel';
import { errorName } from '../common/error-name.js';

/** Part of every event about an operation. */
export interface OperationEvent {
  readonly operation: string;
  readonly outcome: string;
  /** From the call to its end, in milliseconds. */
  readonly duration: number;
  /** The name of the error, such as `RedisTimeoutError`. Its message is left out, since it may hold a key. */
  readonly error?: string;
}

/** The facts about an operation when it begins. */
export interface BegunOperation {
  readonly operation: string;
  /** The name of the cache. */
  readonly cache?: string;
  readonly keyGroup?: string;
}

/** The fields of an event that are known only when an operation has ended. */
export type Ending<E extends OperationEvent> = Omit<E, keyof BegunOperation | 'duration'>;

/** The outcome of an operation that has failed, with the name of its error. */
export const failedBy = (error: unknown): { readonly outcome: 'error'; readonly error: string } => ({
  outcome: 'error',
  error: errorName(error),
});

/** Stands around an operation while it is in progress. It throws nothing of its own, since the operation would fail. */
export interface Surroundings {
  /** Does a part of the operation, so that what is sent in it is known to belong to the operation. */
  within<T>(work: () => T): T;
  end(event: OperationEvent): void;
}

/** A wrapper around operations, for example to create spans. */
export interface Surrounder {
  /**
   * Throws nothing.
   *
   * @param isBehind whether the call that caused it may end before it does
   * @returns undefined if it cannot surround this operation
   */
  begin(target: 'cache' | 'session', operation: BegunOperation, isBehind: boolean): Surroundings | undefined;
}

let surrounder: Surrounder | undefined;

/** Surrounds the operations that begin from now on, in place of who does so now. After `undefined` nobody does. */
export const surroundOperations = (next: Surrounder | undefined): void => {
  surrounder = next;
};

/** The operations on one thing of this module, as they are told on a diagnostics channel. */
export class Operations<E extends OperationEvent> {
  readonly #channel: Channel;

  constructor(private readonly target: 'cache' | 'session') {
    this.#channel = channel(`nestjs-codex-redis:${target}`);
  }

  /** True if anybody is told. While there is nobody, nothing is made or measured. */
  get areObserved(): boolean {
    return this.#channel.hasSubscribers || surrounder !== undefined;
  }

  /** To be asked only while they are observed. */
  begin(operation: BegunOperation, isBehind = false): OperationInProgress<E> {
    const surroundings = surrounder?.begin(this.target, operation, isBehind);
    return new OperationInProgress(operation, this.#channel, surroundings);
  }
}

/** An operation that somebody observes. */
export class OperationInProgress<E extends OperationEvent> {
  readonly #begun = performance.now();

  constructor(
    private readonly operation: BegunOperation,
    private readonly channel: Channel,
    private readonly surroundings: Surroundings | undefined,
  ) {}

  within<T>(work: () => T): T {
    return this.surroundings === undefined ? work() : this.surroundings.within(work);
  }

  end(ending: Ending<E>): void {
    const duration = performance.now() - this.#begun;
    const event: OperationEvent = { ...this.operation, ...(ending as Ending<OperationEvent>), duration };
    if (this.channel.hasSubscribers) this.channel.publish(event);
    this.surroundings?.end(event);
  }

  /** Does all of the operation, and tells how it ended. */
  async run<T>(
    work: () => Promise<T>,
    endingOf: (result: T) => Ending<E>,
    endingOfError: (error: unknown) => Ending<E>,
  ): Promise<T> {
    let result: T;
    try {
      result = await this.within(work);
    } catch (error) {
      this.end(endingOfError(error));
      throw error;
    }
    this.end(endingOf(result));
    return result;
  }
}
