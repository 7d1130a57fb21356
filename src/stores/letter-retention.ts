import { setImmediate } from 'node:timers/promises';
import { recordRule, rule } from '../errors/option-rules.js';
import type { DeadLetterRetention } from '../ports/dead-letter-sink.js';
import type { LetterStatements } from './letter-statements.js';
import { DROP_STEP } from './letter-statements.js';
import { placeOfLetter } from './letter-row.js';
import type { SqlConnection } from './sql-connection.js';
import type { Query, SqlRow, Steps } from './statement.js';

/** The rule of an option that is a {@link DeadLetterRetention}. */
export const retentionRule = recordRule("'ageMs', 'count' or both", {
  ageMs: rule.positiveMilliseconds,
  count: rule.positiveInteger,
});

/** Letters are dropped once in a hundredth of what is kept: not each write pays for it. */
const PARTS = 100;

/** Drops the letters that are not to be kept. */
export class LetterRetention {
  readonly #statements: LetterStatements;
  readonly #connection: SqlConnection;
  readonly #ageMs: number;
  readonly #count: number;
  /** What has come since the last look. */
  #writes = Infinity;
  #lookedAt = -Infinity;

  constructor(
    statements: LetterStatements,
    connection: SqlConnection,
    { ageMs = Infinity, count = Infinity }: DeadLetterRetention,
  ) {
    this.#statements = statements;
    this.#connection = connection;
    this.#ageMs = ageMs;
    this.#count = count;
  }

  /** Drops what must go after one more letter was written, if it is time for that; gives how many. */
  async afterWrite(): Promise<number> {
    this.#writes += 1;
    const isDue =
      this.#writes * PARTS >= this.#count || (performance.now() - this.#lookedAt) * PARTS >= this.#ageMs;
    return isDue ? this.apply() : 0;
  }

  /** Drops what must go; gives how many. */
  async apply(): Promise<number> {
    this.#writes = 0;
    this.#lookedAt = performance.now();
    const { beyond, dropUpTo, dropOlder } = this.#statements;
    let dropped = 0;
    if (this.#ageMs !== Infinity) dropped += await this.#drop(dropOlder.with({ ageMs: this.#ageMs }));
    if (this.#count === Infinity) return dropped;
    const [row] = await this.#connection.read(() => rowsOf(beyond.with({ count: this.#count })));
    if (row !== undefined) dropped += await this.#drop(dropUpTo.with({ upTo: placeOfLetter(row) }));
    return dropped;
  }

  async #drop(query: Query): Promise<number> {
    for (let dropped = 0; ;) {
      const { length } = await this.#connection.write(() => rowsOf(query));
      dropped += length;
      if (length < DROP_STEP) return dropped;
      await setImmediate();
    }
  }
}

/** The rows of one query. */
export function* rowsOf(query: Query): Steps<readonly SqlRow[]> {
  return yield query;
}
