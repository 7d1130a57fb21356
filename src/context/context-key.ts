import { PipelineError } from '../errors/pipeline-error.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { frozenCopy } from './frozen-copy.js';

declare const valueType: unique symbol;

/**
 * A typed name of a context entry; made by {@link contextKey}.
 *
 * A key is its name: the string and every key of that name address one entry.
 */
export interface ContextKey<out T, out TAbsent = undefined> {
  readonly name: string;
  /** What `get` answers where the entry is absent. */
  readonly default: T | TAbsent;
  readonly hasDefault: boolean;
  /** An entry set through a local key is never inherited by a child. */
  readonly local: boolean;
  readonly [valueType]?: () => T;
}

/** A key of a dictionary: a name or a typed key. */
export type Key = string | ContextKey<unknown, unknown>;

/** Options of {@link contextKey}. */
export interface ContextKeyOptions<T> {
  /** Answered by `get` and `require` where the entry is absent; plain data is copied and frozen. */
  readonly default?: T | undefined;
  /** Keeps an entry that is set through this key from every child, under any inheritance. Default `false`. */
  readonly local?: boolean | undefined;
}

/**
 * Makes a typed key: `get` and `set` through it know the type of the value.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the name is empty, not a string, or `__proto__`.
 */
export function contextKey<T>(
  name: string,
  options: { default: T; local?: boolean | undefined },
): ContextKey<T, never>;
export function contextKey<T>(name: string, options?: ContextKeyOptions<T>): ContextKey<T>;
export function contextKey<T>(name: string, options: ContextKeyOptions<T> = {}): ContextKey<T> {
  checkOptions('contextKey', options, { default: rule.anything, local: rule.boolean });
  return Object.freeze({
    name: keyName(name),
    default: frozenCopy(options.default),
    hasDefault: options.default !== undefined,
    local: options.local ?? false,
  });
}

/**
 * The name that a key addresses.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the key is a symbol, empty or `__proto__`.
 */
export function keyName(key: Key): string {
  const name: unknown = typeof key === 'string' ? key : isContextKey(key) ? key.name : undefined;
  if (typeof name === 'string' && name !== '' && name !== '__proto__') return name;
  throw new PipelineError('CONTEXT_KEY_INVALID', {
    problem: `${describeKey(key)} cannot be a context key.`,
    remedy: "Use a text that is not empty and not '__proto__', or a key made by contextKey.",
  });
}

function isContextKey(value: unknown): value is ContextKey<unknown, unknown> {
  return typeof value === 'object' && value !== null && 'name' in value && 'local' in value;
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return `'${key}'`;
  return typeof key === 'symbol' ? key.toString() : `A value of type ${typeof key}`;
}
