import type { Clock } from '../../lib/common/clock.js';
import type { Serializer } from '../../lib/serializer/serializer.js';
import { type DecodedSession, SessionCodec } from '../../lib/session/wire/session-codec.js';
import type { SessionSigner } from '../../lib/session/wire/session-signer.js';
import { SignedForm } from '../../lib/session/wire/signed-form.js';

/** The codec of the form that Django shares, where a text is good under any key. */
export class SharedCodec extends SessionCodec {
  constructor(signer: SessionSigner, serializer: Serializer, clock: Clock) {
    super(new SignedForm(signer), serializer, clock);
  }

  override seal(json: string): string {
    return super.seal(json, '');
  }

  override decode(text: string): DecodedSession {
    return super.decode(text, '');
  }
}
