import { deflate, inflate, MAX_INFLATED } from './compression.js';
import { type OpenedText, type SessionForm, timeOf, timestampOf, type UnopenedText } from './session-form.js';
import type { SessionSigner } from './session-signer.js';

/** Shorter JSON gains too little from compression to pay for it. */
const MIN_DEFLATED = 256;

/** `payload:timestamp:signature`, as `django.core.signing.dumps(…, compress=True)` writes it. */
export class SignedForm implements SessionForm {
  constructor(
    private readonly signer: SessionSigner,
    /** True if the signature is also one of the session's name. */
    readonly bindsName = false,
  ) {}

  seal(json: string, name: string, savedAt: number): string {
    const signed = `${toPayload(json)}:${timestampOf(savedAt)}`;
    return `${signed}:${this.signer.sign(this.#signedOf(signed, name))}`;
  }

  open(text: string, name: string): OpenedText | UnopenedText {
    const end = text.lastIndexOf(':');
    const signed = text.slice(0, Math.max(0, end));
    if (end < 0 || !this.signer.verify(this.#signedOf(signed, name), text.slice(end + 1)))
      return { problem: 'its signature is wrong' };
    const middle = signed.lastIndexOf(':');
    const savedAt = middle < 0 ? undefined : timeOf(signed.slice(middle + 1));
    if (savedAt === undefined) return { problem: 'its timestamp cannot be read' };
    try {
      return { json: fromPayload(signed.slice(0, middle)), savedAt };
    } catch {
      return { problem: 'it is signed, but cannot be decoded' };
    }
  }

  #signedOf(signed: string, name: string): string {
    return this.bindsName ? `session\n${name}\n${signed}` : signed;
  }
}

const toPayload = (json: string): string => {
  const plain = Buffer.from(json, 'latin1');
  if (plain.length < MIN_DEFLATED || plain.length > MAX_INFLATED) return plain.toString('base64url');
  const deflated = deflate(plain);
  return deflated.length < plain.length - 1
    ? `.${deflated.toString('base64url')}`
    : plain.toString('base64url');
};

const fromPayload = (payload: string): string =>
  payload.startsWith('.')
    ? inflate(Buffer.from(payload.slice(1), 'base64url')).toString('latin1')
    : Buffer.from(payload, 'base64url').toString('latin1');
