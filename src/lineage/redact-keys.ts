import { containerKind, entriesOfMap, valuesOfSet } from '../data/foreign-value.js';
import { checkArgument, rule } from '../errors/option-rules.js';
import type { LineageRedactor } from '../ports/lineage-options.js';

const REDACTED = '[redacted]';

/** Deeper data are left out. */
const MOST_LEVELS = 100;

/** Redactors that know the names of keys, and nothing of other texts. */
const byKeys = new WeakSet<LineageRedactor>();

/**
 * Makes a redactor for lineage that keeps items, but for the values of some keys, at any depth.
 *
 * What it gives is a copy of plain objects, lists, Maps and Sets, in which `[redacted]` stands for those values. Of
 * instances of classes it keeps nothing but `[redacted]`: nobody knows what they hold.
 *
 * @param keys the names of the keys; capitals and small letters are the same.
 * @throws {@link PipelineError} `OPTION_INVALID` unless it gets a list of names.
 *
 * @example
 * {@includeCode ../../examples/api/redact-keys.ts}
 */
export function redactKeys(keys: readonly string[]): LineageRedactor {
  checkArgument('redactKeys', keys, rule.texts);
  const names = new Set(keys.map((key) => key.toLowerCase()));
  const redact: LineageRedactor = (value) => new KeyRedaction(names).of(value, 0);
  byKeys.add(redact);
  return redact;
}

/** Whether records may show what errors say: a redactor of keys finds nothing in a message. */
export function keepsMessages(redact: LineageRedactor): boolean {
  return !byKeys.has(redact);
}

class KeyRedaction {
  readonly #copies = new Map<object, unknown>();

  constructor(private readonly names: ReadonlySet<string>) {}

  of(value: unknown, level: number): unknown {
    if (typeof value === 'function') return REDACTED;
    if (typeof value !== 'object' || value === null) return value;
    if (level >= MOST_LEVELS) return REDACTED;
    const known = this.#copies.get(value);
    return known ?? this.#copyOf(value, level + 1);
  }

  #copyOf(value: object, level: number): unknown {
    const kind = containerKind(value);
    switch (kind) {
      case undefined:
        return REDACTED;
      case 'array': {
        const copy: unknown[] = [];
        this.#copies.set(value, copy);
        for (const element of value as readonly unknown[]) copy.push(this.of(element, level));
        return copy;
      }
      case 'set': {
        const copy = new Set<unknown>();
        this.#copies.set(value, copy);
        for (const element of valuesOfSet(value)) copy.add(this.of(element, level));
        return copy;
      }
      case 'map': {
        const copy = new Map<unknown, unknown>();
        this.#copies.set(value, copy);
        for (const [key, held] of entriesOfMap(value))
          copy.set(this.of(key, level), this.#held(key, held, level));
        return copy;
      }
      case 'object': {
        const copy: Record<string, unknown> = {};
        this.#copies.set(value, copy);
        for (const key of Object.keys(value)) {
          const held = this.#held(key, Reflect.get(value, key), level);
          // Defined, not set, so that '__proto__' is a key like any other.
          Object.defineProperty(copy, key, {
            value: held,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        return copy;
      }
    }
  }

  #held(key: unknown, value: unknown, level: number): unknown {
    return typeof key === 'string' && this.names.has(key.toLowerCase()) ? REDACTED : this.of(value, level);
  }
}
