import type { Clock } from '../../common/clock.js';
import type { SessionSettings } from '../../config/settings.js';
import { EncryptedForm } from './encrypted-form.js';
import type { OpenedText, SessionForm, UnopenedText } from './session-form.js';
import type { SessionSigner } from './session-signer.js';
import { SignedForm } from './signed-form.js';

/** The form that the settings ask for; with `atRest.since` also what stood there before is read for a while. */
export const formOf = (
  { atRest, age }: Pick<SessionSettings, 'atRest' | 'age'>,
  signer: SessionSigner,
  clock: Clock,
): SessionForm => {
  const shared = new SignedForm(signer);
  if (atRest === undefined) return shared;
  const signed = new SignedForm(signer, true);
  const { encryption, since } = atRest;
  const form = encryption === undefined ? signed : new EncryptedForm(encryption.reveal());
  if (since === undefined) return form;
  const earlier = encryption === undefined ? [shared] : [signed, shared];
  return new FormInTransition(form, earlier, { since, ageMs: age * 1000 }, clock);
};

/** Reads what was stored in earlier forms too, if that was before a moment and no longer ago than sessions live. */
class FormInTransition implements SessionForm {
  readonly bindsName = true;

  constructor(
    private readonly form: SessionForm,
    private readonly earlier: readonly SessionForm[],
    private readonly limits: { readonly since: number; readonly ageMs: number },
    private readonly clock: Clock,
  ) {}

  seal(json: string, name: string, savedAt: number): string {
    return this.form.seal(json, name, savedAt);
  }

  open(text: string, name: string): OpenedText | UnopenedText {
    const opened = this.form.open(text, name);
    if (!('problem' in opened)) return opened;
    for (const form of this.earlier) {
      const before = form.open(text, name);
      if ('problem' in before) continue;
      return this.#isRead(before) ? { ...before, isEarlierForm: true } : { problem: NO_LONGER_READ };
    }
    return opened;
  }

  #isRead({ savedAt }: OpenedText): boolean {
    const { since, ageMs } = this.limits;
    return savedAt < since && savedAt + ageMs > this.clock.now();
  }
}

const NO_LONGER_READ = 'its form is the one before session.atRest, and atRest.since does not cover it';
