import { deflateSync, inflateSync } from 'node:zlib';

/** The largest text that is compressed or inflated, in bytes; a bomb is given up there. */
export const MAX_INFLATED = 8 * 1024 * 1024;

export const deflate = (plain: Buffer): Buffer => deflateSync(plain, { level: 6 });

/** @throws Error for what was not compressed, or is too large */
export const inflate = (deflated: Buffer): Buffer => inflateSync(deflated, { maxOutputLength: MAX_INFLATED });
