/** Every key of a cluster lives in one of these. */
export const SLOT_COUNT = 16_384;

/** CRC-16/XMODEM, a byte at a time. */
const CRC_OF_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

const step = (crc: number, byte: number): number =>
  ((crc << 8) ^ (CRC_OF_BYTE[(crc >> 8) ^ byte] ?? 0)) & 0xffff;

/**
 * The slot of a key, as CLUSTER KEYSLOT gives it: of what stands between its first `{` and the next `}`, unless
 * that is nothing. (The package cluster-key-slot looks for a further pair then, which Redis does not.)
 */
export const hashSlot = (key: string): number => {
  const hashed = hashedPart(key);
  let crc = 0;
  for (let i = 0; i < hashed.length; i++) {
    const code = hashed.charCodeAt(i);
    if (code > 0x7f) return slotOfBytes(Buffer.from(hashed));
    crc = step(crc, code);
  }
  return crc % SLOT_COUNT;
};

const slotOfBytes = (bytes: Uint8Array): number => bytes.reduce(step, 0) % SLOT_COUNT;

const hashedPart = (key: string): string => {
  const open = key.indexOf('{');
  if (open === -1) return key;
  const close = key.indexOf('}', open + 1);
  return close <= open + 1 ? key : key.slice(open + 1, close);
};
