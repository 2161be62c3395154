import type { KeyValueStore } from '../../../lib/store/key-value-store.js';

/** A call of a store's verb. */
export interface Call {
  readonly verb: string;
  readonly args: readonly unknown[];
}

interface Sent extends Call {
  execute(): Promise<unknown>;
  deliver(): void;
}

/** What a process has asked of the store, in order; and what was carried out and not answered yet. */
export class Wire {
  readonly sent: Sent[] = [];
  readonly executed: (Sent & { readonly reply: unknown })[] = [];

  /** The store as the process sees it: a call waits until it is carried out, and again until its reply is delivered. */
  through(store: KeyValueStore): KeyValueStore {
    return new Proxy(store, {
      get: (target, verb) => {
        const member = Reflect.get(target, verb) as (...args: unknown[]) => unknown;
        if (typeof member !== 'function') return member;
        if (verb === 'scan') return member.bind(target);
        return (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            let result: Promise<unknown>;
            this.sent.push({
              verb: String(verb),
              args,
              execute: () => (result = Promise.resolve(Reflect.apply(member, target, args))),
              deliver: () => void result.then(resolve, reject),
            });
          });
      },
    });
  }
}
