export const SHORT_SECRET_BYTES = 32;

export const SIGN_WITH_RANDOM_BYTES =
  'sign with random bytes, such as crypto.randomBytes(48).toString("base64url")';

/** True if a secret key can be guessed too easily. */
export const isShortSecret = (secret: string | Uint8Array): boolean =>
  Buffer.byteLength(secret) < SHORT_SECRET_BYTES;
