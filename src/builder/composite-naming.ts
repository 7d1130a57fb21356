const SEPARATOR = '::';

/**
 * Names of a child's nodes for tools: `parent::child`.
 *
 * @example
 * {@includeCode ../../examples/api/composite-naming.ts}
 */
export const CompositeNaming = Object.freeze({
  /** Puts the composite's id before the id of a node in its child. */
  prefix(parent: string, child: string): string {
    return `${parent}${SEPARATOR}${child}`;
  },
  /** Whether an id names a node in a child. */
  isNamespaced(id: string): boolean {
    return id.includes(SEPARATOR);
  },
  /** The part before the last separator; undefined for a plain id. */
  parentOf(id: string): string | undefined {
    const at = id.lastIndexOf(SEPARATOR);
    return at < 0 ? undefined : id.slice(0, at);
  },
  /** The part after the last separator; a plain id is its own child part. */
  childOf(id: string): string {
    const at = id.lastIndexOf(SEPARATOR);
    return at < 0 ? id : id.slice(at + SEPARATOR.length);
  },
});
