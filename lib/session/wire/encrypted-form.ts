import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { EncryptionKeys } from '../../config/kinds-of-sessions.js';
import { deflate, inflate } from './compression.js';
import { randomBytes } from './random-bytes.js';
import { type OpenedText, type SessionForm, timeOf, timestampOf, type UnopenedText } from './session-form.js';

const ALGORITHM = 'aes-256-gcm';
/** As RFC 7518 wants it for A256GCM. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ID_LENGTH = 11;

interface EncryptionKey {
  readonly id: string;
  readonly secret: KeyObject;
  /** The beginning of each text that is encrypted with it. */
  readonly header: string;
}

/** The content before it is compressed and encrypted: whose text it is, when it was made, and the JSON. */
const CONTENT = /^([^:]+):([^:]+):(.*)$/s;

/**
 * One compact JWE (RFC 7516) with direct encryption, A256GCM. Its content is compressed by zlib, and names the session: under
 * another name the text is worth nothing. The first key encrypts, all decrypt.
 */
export class EncryptedForm implements SessionForm {
  readonly bindsName = true;
  readonly #first: EncryptionKey;
  readonly #keys: readonly EncryptionKey[];

  constructor([first, ...older]: EncryptionKeys) {
    this.#first = encryptionKey(first);
    this.#keys = [this.#first, ...older.map(encryptionKey)];
  }

  seal(json: string, name: string, savedAt: number): string {
    const { secret, header } = this.#first;
    const content = deflate(Buffer.from(`${name}:${timestampOf(savedAt)}:${json}`, 'latin1'));
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, secret, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(header, 'latin1'));
    const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
    // the second part, an encrypted key, is empty: the key is the one that both sides have
    return [
      header,
      '',
      ...[iv, encrypted, cipher.getAuthTag()].map((part) => part.toString('base64url')),
    ].join('.');
  }

  open(text: string, name: string): OpenedText | UnopenedText {
    const parts = text.split('.');
    const [header = '', wrapped, iv = '', encrypted = '', tag = ''] = parts;
    const id = parts.length === 5 && wrapped === '' ? keyIdIn(header) : undefined;
    if (id === undefined) return { problem: 'it is not encrypted as the option session.atRest says' };
    const key = this.#keys.find((each) => each.id === id);
    if (key === undefined)
      return { problem: 'the key it is encrypted with is none of session.atRest.encryption' };
    try {
      const decipher = createDecipheriv(ALGORITHM, key.secret, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(header, 'latin1'));
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      const content = Buffer.concat([decipher.update(Buffer.from(encrypted, 'base64url')), decipher.final()]);
      return contentOf(inflate(content).toString('latin1'), name);
    } catch {
      return { problem: 'it cannot be decrypted' };
    }
  }
}

const contentOf = (content: string, name: string): OpenedText | UnopenedText => {
  const [, owner, time = '', json = ''] = CONTENT.exec(content) ?? [];
  if (owner !== name) return { problem: 'it was stored for another session' };
  const savedAt = timeOf(time);
  return savedAt === undefined ? { problem: 'its timestamp cannot be read' } : { json, savedAt };
};

const encryptionKey = (bytes: Uint8Array): EncryptionKey => {
  const id = createHmac('sha256', bytes).update('key id').digest('base64url').slice(0, ID_LENGTH);
  const header = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: id })).toString('base64url');
  return { id, secret: createSecretKey(bytes), header };
};

/** The id of the key in a header, `undefined` where that is not the header of such a text. */
const keyIdIn = (header: string): string | undefined => {
  try {
    const { alg, enc, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<
      string,
      unknown
    >;
    return alg === 'dir' && enc === 'A256GCM' && typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
};
