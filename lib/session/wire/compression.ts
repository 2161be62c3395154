import { deflateSync, inflateSync } from 'node:zlib';

/** The largest text that is compressed or inflated, in bytes; a bomb is given up there. */
export const MAX_INFLATED = 8 * 1024 * 1024;

/** The bytes that zlib allocates for a result of about this length: its default, 16 KiB, would be most of the garbage of a request. */
const chunkFor = (length: number): number => Math.min(16 * 1024, Math.max(512, length));

export const deflate = (plain: Buffer): Buffer =>
  deflateSync(plain, { level: 6, chunkSize: chunkFor(plain.length) });

/** @throws Error for what was not compressed, or is too large */
export const inflate = (deflated: Buffer): Buffer =>
  inflateSync(deflated, { maxOutputLength: MAX_INFLATED, chunkSize: chunkFor(4 * deflated.length) });
