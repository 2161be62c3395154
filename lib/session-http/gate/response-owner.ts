import type { FailureReply } from './failure-reply.js';
import type { HeaderLines } from './header-lines.js';

/**
 * The work to be done before the head of a response is sent:
 * - `pass`: nothing, and no header is added
 * - `sign`: headers are added
 * - `wait`: nothing leaves until `work` is through; headers are added then
 */
export type Plan =
  | { readonly kind: 'pass' }
  | { readonly kind: 'sign' }
  | { readonly kind: 'wait'; readonly work: () => Promise<void> };

export const PASS: Plan = { kind: 'pass' };
export const SIGN: Plan = { kind: 'sign' };

/** The owner of a held response. */
export interface ResponseOwner {
  /** Asked once for a response, when its head is about to leave. Asking changes nothing. */
  plan(statusCode: number): Plan;

  /** The response leaves as it is. */
  pass(): void;

  /** The response leaves: adds the owner's headers. */
  sign(headers: HeaderLines, statusCode: number): void;

  /** The reply to the client when the work of a plan failed. */
  failure(error: unknown): FailureReply;
}
