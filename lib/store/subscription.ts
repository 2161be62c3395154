/** Called with each message; it must not throw. */
export type MessageListener = (message: string) => void;

/** Lasts until it is ended or its store is closed, over lost connections too. */
export interface Subscription {
  /**
   * Resolves once messages arrive. It rejects when that takes longer than the operation timeout, or the store refuses; the
   * subscription goes on being tried.
   */
  readonly ready: Promise<void>;

  /** Ends it; no message arrives afterwards. Idempotent. */
  end(): Promise<void>;
}
