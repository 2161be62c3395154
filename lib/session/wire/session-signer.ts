import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/**
 * Signs texts as Django's `signing.Signer`: with the first secret key, while a signature of any of them is accepted.
 */
export class SessionSigner {
  readonly #keys: readonly [KeyObject, ...KeyObject[]];

  constructor(
    [primary, ...fallbacks]: readonly [string | Uint8Array, ...(string | Uint8Array)[]],
    salt: string,
  ) {
    const derive = (secret: string | Uint8Array): KeyObject =>
      createSecretKey(createHash('sha256').update(`${salt}signer`).update(secret).digest());
    this.#keys = [derive(primary), ...fallbacks.map(derive)];
  }

  sign(text: string): string {
    return signature(this.#keys[0], text);
  }

  /** Compares as text, in constant time: another spelling of the same bytes is no signature. */
  verify(text: string, given: string): boolean {
    const bytes = Buffer.from(given);
    return this.#keys.some((key) => {
      const expected = Buffer.from(signature(key, text), 'latin1');
      return bytes.length === expected.length && timingSafeEqual(bytes, expected);
    });
  }

  /** 32 bytes that only who knows the first secret key can tell for a text. */
  digest(text: string): Uint8Array {
    return createHmac('sha256', this.#keys[0]).update(text).digest();
  }

  /** A short digest of a session key that tells sessions apart in logs and gives nothing away. */
  fingerprint(sessionKey: string): string {
    return this.sign(`fingerprint\n${sessionKey}`).slice(0, 12);
  }
}

const signature = (key: KeyObject, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url');
