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
