import type { KeyValueStore } from '../../lib/store/key-value-store.js';

/** The verbs that sessions write with. */
const WRITES = new Set([
  'setIfAbsent',
  'setIfUntraced',
  'compareAndSet',
  'compareAndExpire',
  'moveAway',
  'end',
  'enrol',
  'confirm',
  'keepMember',
  'endMembers',
  'forgetMembers',
  'delete',
]);

/** Lets a test decide when, and whether, the writes of sessions go through. */
export class CommitSwitch {
  /** How many writes were begun. */
  begun = 0;
  #held: (() => void)[] | undefined;
  #failure: Error | undefined;
  #waiters: (() => void)[] = [];

  /** From now on writes wait for `release`. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** From now on writes end with this error, once they are released. */
  fail(error: Error | undefined): void {
    this.#failure = error;
  }

  /** Waits until a write is being held. */
  async untilBegun(): Promise<void> {
    if ((this.#held?.length ?? 0) === 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  readonly wrap = (store: KeyValueStore): KeyValueStore =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (!WRITES.has(String(name))) return call;
        return async (...args: unknown[]): Promise<unknown> => {
          this.begun++;
          await this.#pass();
          if (this.#failure !== undefined) throw this.#failure;
          return call(...args);
        };
      },
    });

  #pass(): Promise<void> | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    return new Promise((resolve) => {
      held.push(resolve);
      this.#waiters.splice(0).forEach((go) => go());
    });
  }
}
