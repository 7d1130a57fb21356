import { hash } from 'node:crypto';

/** What a database would cut or change: the character NUL, and half of a pair of surrogates. */
const mangled = /[\0\ud800-\udfff]/u;

/** A text as it is stored: one that a database would mangle, or that looks like such a one, is stored as JSON. */
export function toStoredText(text: string): string {
  return text.startsWith('"') || mangled.test(text) ? JSON.stringify(text) : text;
}

/** The text that was stored; undefined where it is damaged. */
export function fromStoredText(stored: string): string | undefined {
  if (!stored.startsWith('"')) return stored;
  try {
    const text: unknown = JSON.parse(stored);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/** A hash of any text, as a text of 64 characters: what an index holds in place of long ids. */
export function hashOf(text: string): string {
  return hash('sha256', toStoredText(text));
}

/** The number of a lock for a hash: 64 bits, as a database takes them. */
export function lockOf(hashed: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${hashed.slice(0, 16)}`)));
}
