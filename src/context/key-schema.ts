import { hasProperty, ignoreRejection, isThenable, readProperty } from '../data/foreign-value.js';
import { frozenCopy } from '../data/frozen-copy.js';
import type { StandardSchema } from '../data/standard-schema.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import type { DictionaryKind } from './dictionary-kind.js';
import type { Entry } from './layer.js';
import { describeIssues } from './schema-issues.js';
import { WrittenEntry } from './written-entries.js';

/** Where a key holds its schema. */
export const keySchema = Symbol('schema');

/** The schema of one key, and what entries came to that were read through the key. */
export class KeySchema {
  readonly #schema: StandardSchema;
  readonly #name: string;
  /** Entries are shared by parents and children: each is parsed once. */
  readonly #parsed = new WeakMap<Entry, { readonly value: unknown }>();

  constructor(schema: StandardSchema, name: string) {
    this.#schema = schema;
    this.#name = name;
  }

  /** The value of an entry; parsed when it is first read, if it was not set through this key. */
  read(entry: Entry, kind: DictionaryKind, path: string): unknown {
    const known = this.#parsed.get(entry);
    if (known !== undefined) return known.value;
    const value = this.#parse(entry.value, kind, path);
    this.#parsed.set(entry, { value });
    return value;
  }

  /** The entry of a value that is set through the key. */
  entry(value: unknown, kind: DictionaryKind, path: string): WrittenEntry {
    const entry = new WrittenEntry(this.#name, this.#parse(value, kind, path), path);
    this.#parsed.set(entry, entry);
    return entry;
  }

  #parse(value: unknown, kind: DictionaryKind, path: string): unknown {
    let result: unknown;
    try {
      result = this.#schema['~standard'].validate(value);
    } catch (thrown) {
      throw this.#refused(
        kind,
        path,
        `the schema threw: ${printed(thrown)}`,
        'Mend the schema; its error is the cause.',
        {
          cause: thrown,
        },
      );
    }
    if (isThenable(result)) {
      ignoreRejection(result);
      throw this.#refused(
        kind,
        path,
        'the schema answers with a promise',
        'Use a schema that answers at once, and do what takes time in a node.',
      );
    }
    const issues = readProperty(result, 'issues');
    if (issues !== undefined && issues !== null)
      throw this.#refused(kind, path, describeIssues(issues), 'Give a value that the schema takes.');
    if (!hasProperty(result, 'value'))
      throw this.#refused(kind, path, 'the schema gave neither a value nor issues', 'Mend the schema.');
    const parsed = readProperty(result, 'value');
    return kind === 'items' ? parsed : frozenCopy(parsed, kind, this.#name, path);
  }

  #refused(
    kind: DictionaryKind,
    path: string,
    why: string,
    remedy: string,
    more: { readonly cause?: unknown } = {},
  ): PipelineError {
    const problem = `'${this.#name}' in the ${kind} is refused by the schema of its key: ${why}.`;
    return new PipelineError('CONTEXT_VALUE_INVALID', { path, problem, remedy, ...more });
  }
}
