import { printed } from '../ports/error-record.js';
import type {
  DeadLetterEnvelope,
  DeadLetterFields,
  DeadLetterFilter,
  DeadLetterMark,
  DeadLetterRetention,
  StoredDeadLetterSink,
} from '../ports/dead-letter-sink.js';
import type { Logger } from '../ports/logger.js';
import { filterFields, letterTest } from '../resilience/letter-filter.js';
import { markLine } from '../resilience/letter-lines.js';
import { tellOfLetters } from '../resilience/tell-of-letters.js';
import { LetterRetention, rowsOf } from './letter-retention.js';
import { placeOfLetter, storedLetter, valuesOfLetter } from './letter-row.js';
import { letterStatements } from './letter-statements.js';
import type { LetterStatements, PageStatements } from './letter-statements.js';
import { nextLetters } from './read-letters.js';
import { hashOf } from './row-keys.js';
import type { SqlConnection, SqlDatabase } from './sql-connection.js';
import type { Query, SqlRow } from './statement.js';
import { toStoredText } from './stored-text.js';

/** What a sink does beside keeping letters. */
interface SinkOptions {
  readonly retain?: DeadLetterRetention | undefined;
  readonly logger?: Logger | undefined;
}

/** Keeps dead letters in an SQL database: the same statements, whatever goes through them. */
export class SqlDeadLetterSink implements StoredDeadLetterSink {
  readonly #connection: SqlConnection;
  readonly #place: string;
  readonly #logger: Logger | undefined;
  readonly #statements: LetterStatements;
  readonly #retention: LetterRetention | undefined;
  /** The statements that read by fields, by the names of the fields. */
  readonly #pages = new Map<string, PageStatements>();

  constructor({ dialect, connection, place }: SqlDatabase, { retain, logger }: SinkOptions) {
    this.#connection = connection;
    this.#place = place;
    this.#logger = logger;
    this.#statements = letterStatements(dialect);
    this.#retention = retain && new LetterRetention(this.#statements, connection, retain);
  }

  async write(envelope: DeadLetterEnvelope): Promise<void> {
    await this.#change(this.#statements.write.with(valuesOfLetter(envelope)));
    await this.#drop((retention) => retention.afterWrite());
  }

  async *read(filter?: DeadLetterFilter): AsyncIterable<DeadLetterEnvelope> {
    const takes = letterTest(filter);
    await this.#drop((retention) => retention.apply());
    let damaged = 0;
    let first: unknown;
    try {
      for await (const row of this.#rows(filterFields(filter))) {
        let letter: DeadLetterEnvelope;
        try {
          letter = storedLetter(row);
        } catch (error) {
          damaged += 1;
          first ??= error;
          continue;
        }
        if (takes(letter)) yield letter;
      }
    } finally {
      if (damaged > 0) this.#tell(`${lettersInWords(damaged)} left out as damaged: ${printed(first)}`);
    }
  }

  mark(id: string, mark: DeadLetterMark): Promise<boolean> {
    const { claim, note, remove } = this.#statements;
    const values = { letterKey: hashOf(id), runId: toStoredText(mark.runId) };
    if (mark.outcome === 'claimed') return this.#change(claim.with({ ...values, at: mark.at }));
    return this.#change(
      mark.outcome === 'succeeded'
        ? remove.with(values)
        : note.with({ ...values, mark: `${markLine(id, mark)}\n` }),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** The rows of the letters that are there now, some at a time: a table of any size can be read. */
  async *#rows({ path, runId }: DeadLetterFields = {}): AsyncIterable<SqlRow> {
    const [last] = await this.#connection.read(() => rowsOf(this.#statements.last.with()));
    if (last === undefined) return;
    const keys = {
      path: path === undefined ? undefined : hashOf(path),
      runId: runId === undefined ? undefined : hashOf(runId),
    };
    const pages = this.#pagesBy((['path', 'runId'] as const).filter((name) => keys[name] !== undefined));
    const upTo = placeOfLetter(last);
    for (let after = 0; ;) {
      const range = { ...keys, after, upTo };
      const rows = await this.#connection.read(() => nextLetters(pages, range));
      const end = rows.at(-1);
      if (end === undefined) return;
      yield* rows;
      after = placeOfLetter(end);
    }
  }

  #pagesBy(fields: readonly (keyof DeadLetterFields)[]): PageStatements {
    const name = fields.join(' ');
    const known = this.#pages.get(name) ?? this.#statements.pages(fields);
    this.#pages.set(name, known);
    return known;
  }

  /** Whether a row was changed. */
  async #change(query: Query): Promise<boolean> {
    return (await this.#connection.write(() => rowsOf(query))).length > 0;
  }

  /** Drops letters that are not to be kept, and tells of it. A failure is told too: no letter is lost by it. */
  async #drop(work: (retention: LetterRetention) => Promise<number>): Promise<void> {
    if (this.#retention === undefined) return;
    try {
      const dropped = await work(this.#retention);
      if (dropped > 0) this.#tell(`${lettersInWords(dropped)} dropped, the eldest, as 'retain' says`);
    } catch (error) {
      this.#tell(`letters that 'retain' does not keep could not be dropped: ${printed(error)}`);
    }
  }

  #tell(what: string): void {
    tellOfLetters(what, this.#place, this.#logger);
  }
}

function lettersInWords(count: number): string {
  return count === 1 ? '1 letter was' : `${String(count)} letters were`;
}
