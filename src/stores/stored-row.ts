import { frozenJson } from '../data/frozen-json.js';
import { damagedData } from '../errors/store-errors.js';
import type { PipelineError } from '../errors/pipeline-error.js';
import type { SqlRow } from './statement.js';
import { fromStoredText } from './stored-text.js';

/** Reads the columns of a row, each as what it must be. Every method throws `STORE_UNAVAILABLE` for anything else. */
export class StoredRow {
  readonly #row: SqlRow;
  readonly #owner: string;

  /** @param owner what the row belongs to, in words for an error. */
  constructor(row: SqlRow, owner: string) {
    this.#row = row;
    this.#owner = owner;
  }

  /** A text that is there. */
  text(column: string): string {
    return this.#there(column, this.optionalText(column));
  }

  /** A text, or undefined for null. */
  optionalText(column: string): string | undefined {
    const value = this.#value(column);
    if (value === undefined) return undefined;
    return this.#there(column, typeof value === 'string' ? fromStoredText(value) : undefined);
  }

  /** A number that is there; a driver may give a large one as a text. */
  number(column: string): number {
    return this.#there(column, this.optionalNumber(column));
  }

  /** A number, or undefined for null. */
  optionalNumber(column: string): number | undefined {
    const value = this.#value(column);
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return this.#there(column, typeof number === 'number' && Number.isFinite(number) ? number : undefined);
  }

  /** One of some words. */
  oneOf<TWord extends string>(column: string, words: readonly TWord[]): TWord {
    return this.#there(column, this.optionalOneOf(column, words));
  }

  /** One of some words, or undefined for null. */
  optionalOneOf<TWord extends string>(column: string, words: readonly TWord[]): TWord | undefined {
    const value = this.#value(column);
    if (value === undefined) return undefined;
    return this.#there(
      column,
      words.find((word) => word === value),
    );
  }

  /** Data of a shape, parsed from JSON and frozen. */
  json<T>(column: string, hasShape: (value: unknown) => value is T): T {
    return this.#there(column, this.optionalJson(column, hasShape));
  }

  /** The same, or undefined for null. */
  optionalJson<T>(column: string, hasShape: (value: unknown) => value is T): T | undefined {
    const value = this.#value(column);
    if (value === undefined) return undefined;
    let parsed: unknown;
    try {
      parsed = typeof value === 'string' ? JSON.parse(value) : undefined;
    } catch (cause) {
      throw this.damaged(column, cause);
    }
    if (!hasShape(parsed)) throw this.damaged(column);
    return frozenJson(parsed);
  }

  /** The error of a column that holds what no store writes. */
  damaged(column: string, cause?: unknown): PipelineError {
    return damagedData(this.#owner, column, cause);
  }

  #value(column: string): unknown {
    return this.#row[column] ?? undefined;
  }

  #there<T>(column: string, value: T | undefined): T {
    if (value === undefined) throw this.damaged(column);
    return value;
  }
}
