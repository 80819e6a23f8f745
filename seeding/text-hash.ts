/**
 * What PostgreSQL's `hashtext` says of a text's bytes: Bob Jenkins' lookup3 as in `src/common/hashfn.c`, on little-endian
 * machines. Hash indexes on disk rest on it, so it is the same in all versions. Unsigned here.
 */
export function hashText(bytes: DataView, start: number, length: number): number {
  let a = (0x9e37_79b9 + length + 3_923_095) | 0;
  let b = a;
  let c = a;
  let at = start;
  const end = start + length;
  for (; end - at >= 12; at += 12) {
    a = (a + bytes.getInt32(at, true)) | 0;
    b = (b + bytes.getInt32(at + 4, true)) | 0;
    c = (c + bytes.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ rotated(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotated(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotated(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotated(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotated(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotated(b, 4);
    b = (b + a) | 0;
  }
  // The lowest byte of the last word is left to the length.
  for (let place = 0; at < end; place += 1, at += 1) {
    const byte = bytes.getUint8(at);
    if (place < 4) a = (a + (byte << (8 * place))) | 0;
    else if (place < 8) b = (b + (byte << (8 * (place - 4)))) | 0;
    else c = (c + (byte << (8 * (place - 7)))) | 0;
  }
  c = ((c ^ b) - rotated(b, 14)) | 0;
  a = ((a ^ c) - rotated(c, 11)) | 0;
  b = ((b ^ a) - rotated(a, 25)) | 0;
  c = ((c ^ b) - rotated(b, 16)) | 0;
  a = ((a ^ c) - rotated(c, 4)) | 0;
  b = ((b ^ a) - rotated(a, 14)) | 0;
  c = ((c ^ b) - rotated(b, 24)) | 0;
  return c >>> 0;
}

const rotated = (value: number, by: number): number => (value << by) | (value >>> (32 - by));
