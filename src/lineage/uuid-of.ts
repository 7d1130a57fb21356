import { createHash } from 'node:crypto';

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** The namespace of the ids that are made here, itself a random UUID. */
const NAMESPACE = Buffer.from('6f1c0a5e2b7d4c1f9a3e8d5b7c2f4e61', 'hex');

/** A text as a UUID: as it is where it is one, else the UUID of version 5 that belongs to it. */
export function uuidOf(text: string): string {
  if (uuid.test(text)) return text.toLowerCase();
  const bytes = createHash('sha1').update(NAMESPACE).update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
