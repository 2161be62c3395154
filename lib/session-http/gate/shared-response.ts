import type { FailureReply } from './failure-reply.js';
import type { HeaderLines } from './header-lines.js';
import { PASS, type Plan, type ResponseOwner, SIGN } from './response-owner.js';

/** Those who hold one response together: the applications of which one is mounted in another. */
export class SharedResponse<Owner extends ResponseOwner> implements ResponseOwner {
  #plans: readonly Plan[] = [];

  /** @param owners the one that came last, which answers, first */
  constructor(readonly owners: readonly [Owner, ...Owner[]]) {}

  plan(statusCode: number): Plan {
    const plans = this.owners.map((owner) => owner.plan(statusCode));
    this.#plans = plans;
    if (plans.some(({ kind }) => kind === 'wait')) return { kind: 'wait', work: () => workOff(plans) };
    return plans.some(({ kind }) => kind === 'sign') ? SIGN : PASS;
  }

  pass(): void {
    for (const owner of this.owners) owner.pass();
  }

  sign(headers: HeaderLines, statusCode: number): void {
    this.owners.forEach((owner, at) => {
      if (this.#plans[at] === PASS) owner.pass();
      else owner.sign(headers, statusCode);
    });
  }

  failure(error: unknown): FailureReply {
    return this.owners[0].failure(error);
  }
}

/** One after the other: where one fails the response becomes an error, and those behind it save nothing. */
const workOff = async (plans: readonly Plan[]): Promise<void> => {
  for (const plan of plans) if (plan.kind === 'wait') await plan.work();
};
