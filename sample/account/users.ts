import { scryptSync, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

interface User {
  readonly salt: string;
  readonly hash: Buffer;
}

const hashOf = (password: string, salt: string): Buffer => scryptSync(password, salt, 32);

const user = (password: string, salt: string): User => ({ salt, hash: hashOf(password, salt) });

/** Compared when the name is unknown, so that the response takes the same time. */
const NOBODY = user('', 'nobody');

/** The users who may log in. A real shop stores salts and hashes in its database. */
@Injectable()
export class Users {
  readonly #users = new Map([['ada', user('lovelace', '5c1f0a')]]);

  matches(name: string, password: string): boolean {
    const known = this.#users.get(name);
    const { salt, hash } = known ?? NOBODY;
    return timingSafeEqual(hashOf(password, salt), hash) && known !== undefined;
  }
}
