import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Compilable, RawBuilder } from 'kysely';

/** What a column can hold. Never a boolean or undefined: libsql ends the process for one, and takes the other for null. */
type SqlValue = string | number | null;

/** The values of a statement's slots by name; those that are absent are null. */
export type SqlValues = Readonly<Record<string, SqlValue | undefined>>;

/**
 * Copies the values of other lists into the first one, and gives it.
 *
 * Spreads in one literal would do the same, but for lists of this length Node takes 20 µs for them instead of 0.4 µs.
 */
export function mergedValues(first: SqlValues, ...others: readonly SqlValues[]): SqlValues {
  return Object.assign(first, ...others) as SqlValues;
}

/** A row as the driver of a database gives it. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement with the values that it is to be executed with. */
export interface Query {
  readonly statement: Statement;
  readonly values: readonly SqlValue[];
}

/**
 * What is asked of a database, one query after the other: yields a query, and is given its rows.
 *
 * So each operation is written once, and a driver goes through the steps at once (SQLite) or by and by (PostgreSQL).
 */
export type Steps<T> = Generator<Query, T, readonly SqlRow[]>;

/** Stands in a statement for a value that is given at each execution. */
class Slot {
  constructor(readonly name: string) {}
}

/** So many digits of a hash tell statements apart; PostgreSQL cuts names after 63 bytes. */
const NAME_DIGITS = 32;

/** The slot for the time on the clock of the store, where the database has none: taken when the query is made. */
const NOW = 'now';

/** A place in a statement for a value that is given at each execution. */
export function slot<T = string>(name: string): RawBuilder<T> {
  return sql<T>`${new Slot(name)}`;
}

/** The time at which a query is made, in milliseconds since the epoch. */
export const timeOfQuery: RawBuilder<number> = slot<number>(NOW);

/**
 * What a statement gives, so that a driver need not ask for more: any rows, one row at most, or only whether it has
 * written any, which a row without columns stands for.
 */
export type StatementYield = 'rows' | 'row' | 'written';

/** One statement, compiled once. */
export class Statement {
  /** The same for the same text; a database that prepares statements knows them by it. */
  readonly name: string;
  readonly text: string;
  readonly #parameters: readonly unknown[];

  /**
   * @param source what is compiled.
   * @param gives what is asked of the driver.
   */
  constructor(
    source: Compilable,
    readonly gives: StatementYield = 'rows',
  ) {
    const { sql: text, parameters } = source.compile();
    this.text = text;
    this.name = `heirline_${hash('sha256', text).slice(0, NAME_DIGITS)}`;
    this.#parameters = parameters;
  }

  /** The statement with the values of its slots. */
  with(values: SqlValues = {}): Query {
    return {
      statement: this,
      values: this.#parameters.map((parameter) => {
        if (!(parameter instanceof Slot)) return parameter as SqlValue;
        return parameter.name === NOW ? Date.now() : (values[parameter.name] ?? null);
      }),
    };
  }
}

/** The rows of one query. */
export function* rowsOf(query: Query): Steps<readonly SqlRow[]> {
  return yield query;
}
