import { toErrorRecord } from '../ports/error-record.js';
import { Secret } from './secret.js';

/** An object found in the data, and where it was found. */
interface Part {
  /** What is copied: the object, or the record of an error. */
  source: object;
  /** Only for what differs from its source. */
  copy: unknown;
  readonly holders: Part[];
}

type Redact = (text: string) => string;

const UNREADABLE = 'a value that cannot be read';

/**
 * Copies what holds a text that redaction changes, at any depth, and shares the rest with the source.
 *
 * It walks lists instead of calling itself: data may be nested deeper than calls can be.
 */
export function redactedCopy(root: object, redact: Redact): unknown {
  const parts = new Map<object, Part>();
  const changed = new Set<Part>();
  const partOf = (value: object): Part => {
    let part = parts.get(value);
    if (part === undefined) parts.set(value, (part = { source: value, copy: undefined, holders: [] }));
    return part;
  };
  const top = partOf(root);
  // A Map and a Set also hand out what is added while they are walked.
  for (const part of parts.values()) {
    try {
      if (part.source instanceof Error) {
        part.source = toErrorRecord(part.source);
        changed.add(part);
      }
      visitValues(part.source, (value) => {
        if (typeof value === 'string') {
          if (redact(value) !== value) changed.add(part);
        } else if (typeof value === 'object' && value !== null) partOf(value).holders.push(part);
      });
    } catch {
      part.copy = UNREADABLE;
      changed.add(part);
    }
  }
  for (const { holders } of changed) for (const holder of holders) changed.add(holder);
  for (const part of changed) part.copy ??= emptyLike(part.source);
  const redacted = (value: unknown): unknown => {
    if (typeof value === 'string') return redact(value);
    return typeof value === 'object' && value !== null ? (parts.get(value)?.copy ?? value) : value;
  };
  for (const { copy, source } of changed) {
    if (typeof copy === 'object' && copy !== null) fill(copy, source, redact, redacted);
  }
  return top.copy ?? root;
}

/** Shows the names and the values of an object; calls no accessor. */
function visitValues(source: object, visit: (value: unknown) => void): void {
  if (ArrayBuffer.isView(source) || source instanceof Date || source instanceof Secret) return;
  if (source instanceof Map || source instanceof Set) {
    for (const entry of source.entries()) entry.forEach(visit);
  }
  for (const key of Reflect.ownKeys(source)) {
    const property = Reflect.getOwnPropertyDescriptor(source, key);
    if (property?.enumerable !== true) continue;
    visit(key);
    visit(property.value);
  }
}

function emptyLike(source: object): object {
  if (Array.isArray(source)) return [];
  if (source instanceof Map) return new Map();
  return source instanceof Set ? new Set() : {};
}

function fill(copy: object, source: object, redact: Redact, redacted: (value: unknown) => unknown): void {
  if (copy instanceof Map && source instanceof Map) {
    for (const [key, value] of source as Map<unknown, unknown>) {
      const newKey = redacted(key);
      const isRenamed = typeof key === 'string' && newKey !== key;
      copy.set(
        isRenamed ? freeName(redact(key), (name) => copy.has(name) || source.has(name)) : newKey,
        redacted(value),
      );
    }
  } else if (copy instanceof Set && source instanceof Set) {
    for (const element of source) copy.add(redacted(element));
  }
  for (const key of Reflect.ownKeys(source)) {
    const property = { ...Reflect.getOwnPropertyDescriptor(source, key) };
    if ('value' in property) property.value = redacted(property.value);
    const name = typeof key === 'string' ? redact(key) : key;
    const isTaken = (other: string): boolean => Object.hasOwn(copy, other) || Object.hasOwn(source, other);
    // Defined, not assigned: flags stay, and so does an own '__proto__' as a plain entry.
    Object.defineProperty(
      copy,
      typeof name === 'string' && name !== key ? freeName(name, isTaken) : name,
      property,
    );
  }
  Object.setPrototypeOf(copy, Object.getPrototypeOf(source) as object | null);
  if (Object.isFrozen(source)) Object.freeze(copy);
}

/** Two names may become the same: none is lost. */
function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let count = 2; isTaken(free); count += 1) free = `${name} (${count})`;
  return free;
}
