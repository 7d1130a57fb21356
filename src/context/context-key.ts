import { PipelineError } from '../errors/pipeline-error.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { describeMisfit } from '../ports/error-record.js';
import { hasProperty, readProperty } from '../data/foreign-value.js';
import { frozenCopy } from '../data/frozen-copy.js';
import type { StandardSchema } from '../data/standard-schema.js';
import { KeySchema, keySchema } from './key-schema.js';

declare const valueType: unique symbol;
declare const inputType: unique symbol;

/**
 * A typed name of a context entry; made by {@link contextKey}.
 *
 * A key is its name: the string and every key of that name address one entry. `TInput` is what can be set: of a key
 * with a schema, what the schema takes.
 */
export interface ContextKey<out T, out TAbsent = undefined, TInput = T> {
  /** What tells keys apart: two keys of one name address one entry, whatever their types. */
  readonly name: string;
  /** What `get` answers where the entry is absent. */
  readonly default: T | TAbsent;
  /** Whether `require` answers, and requirements hold, where the entry is absent. */
  readonly hasDefault: boolean;
  /** An entry set through a local key is never inherited by a child. */
  readonly local: boolean;
  /** @hidden */
  readonly [valueType]?: () => T;
  /** @hidden A method, so that a key of any input is a key of unknown. */
  [inputType]?(input: TInput): void;
  /** @hidden */
  readonly [keySchema]?: KeySchema | undefined;
}

/** A key of a dictionary: a name or a typed key. */
export type Key = string | ContextKey<unknown, unknown, unknown>;

/** Options of {@link contextKey}. */
export interface ContextKeyOptions<T> {
  /** Answered by `get` and `require` where the entry is absent; plain data is copied and frozen. */
  readonly default?: T | undefined;
  /** Keeps an entry that is set through this key from every child, under any inheritance. Default `false`. */
  readonly local?: boolean | undefined;
  /**
   * Parses what is set through this key, and what else stands under its name when it is first read through the key.
   *
   * Any Standard Schema, such as one of zod, valibot or arktype; it must answer at once. The default is not parsed.
   */
  readonly schema?: StandardSchema<unknown, T> | undefined;
}

/** What a schema takes. */
export type SchemaInput<TSchema extends StandardSchema> = NonNullable<TSchema['~standard']['types']>['input'];

/** What a schema makes of it. */
export type SchemaOutput<TSchema extends StandardSchema> = NonNullable<
  TSchema['~standard']['types']
>['output'];

/**
 * Makes a typed key: `get` and `set` through it know the type of the value, which a schema can parse.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the name is empty, not a string, or `__proto__`,
 * `CONTEXT_VALUE_INVALID` for a default of more than 1,000 levels, or one that cannot be read, `OPTION_INVALID` for wrong
 * options.
 *
 * @example
 * {@includeCode ../../examples/api/context-key.ts}
 */
export function contextKey<TSchema extends StandardSchema>(
  name: string,
  options: { schema: TSchema; default: SchemaOutput<TSchema>; local?: boolean | undefined },
): ContextKey<SchemaOutput<TSchema>, never, SchemaInput<TSchema>>;
export function contextKey<TSchema extends StandardSchema>(
  name: string,
  options: { schema: TSchema; default?: undefined; local?: boolean | undefined },
): ContextKey<SchemaOutput<TSchema>, undefined, SchemaInput<TSchema>>;
export function contextKey<T>(
  name: string,
  options: { default: T; local?: boolean | undefined },
): ContextKey<T, never>;
export function contextKey<T>(name: string, options?: ContextKeyOptions<T>): ContextKey<T>;
export function contextKey<T>(name: string, options: ContextKeyOptions<T> = {}): ContextKey<T> {
  checkOptions('contextKey', options, {
    default: rule.anything,
    local: rule.boolean,
    schema: (value) =>
      typeof readProperty(readProperty(value, '~standard'), 'validate') === 'function'
        ? undefined
        : 'a Standard Schema, such as one of zod, valibot or arktype',
  });
  const { schema } = options;
  const known = keyName(name);
  const key = {
    name: known,
    default: frozenCopy(options.default, 'the defaults of keys', known),
    hasDefault: options.default !== undefined,
    local: options.local ?? false,
  };
  // Not enumerable: a key that is printed shows its name.
  Object.defineProperty(key, keySchema, { value: schema && new KeySchema(schema, name) });
  return Object.freeze(key);
}

/**
 * The name that a key addresses.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the key is a symbol, empty or `__proto__`.
 */
export function keyName(key: Key): string {
  return keyNameAt(undefined, key);
}

/**
 * The name that a key addresses, used at a path that the error names.
 *
 * @throws {@link PipelineError} `CONTEXT_KEY_INVALID` when the key is a symbol, empty or `__proto__`.
 */
export function keyNameAt(path: string | undefined, key: Key): string {
  if (isKey(key)) return typeof key === 'string' ? key : key.name;
  throw new PipelineError('CONTEXT_KEY_INVALID', {
    path,
    problem: `${describeKey(key)} cannot be a context key.`,
    remedy: "Use a text that is not empty and not '__proto__', or a key made by contextKey.",
  });
}

/** Whether something can be a key: a name that is not empty and not `__proto__`, or a context key. */
export function isKey(key: unknown): key is Key {
  const name: unknown = isContextKey(key) ? readProperty(key, 'name') : key;
  return typeof name === 'string' && name !== '' && name !== '__proto__';
}

function isContextKey(value: unknown): value is ContextKey<unknown, unknown> {
  return (
    typeof value === 'object' && value !== null && hasProperty(value, 'name') && hasProperty(value, 'local')
  );
}

function describeKey(key: unknown): string {
  if (key === undefined) return describeMisfit(key);
  if (typeof key === 'string') return `'${key}'`;
  return typeof key === 'symbol' ? key.toString() : `A value of type ${typeof key}`;
}
