import { randomBytes } from 'node:crypto';

const BYTES = 16;

/** 128 random bits. Nobody draws the same again. */
export const drawToken = (): string => randomBytes(BYTES).toString('base64url');
