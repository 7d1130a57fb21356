import { tellUnasked } from '../context/tell-unasked.js';
import { forgetConditions, pruneLimit } from '../lineage/which-records.js';
import { printed } from '../ports/error-record.js';
import type { LineageRecord } from '../ports/lineage-sink.js';
import type { Logger } from '../ports/logger.js';
import type {
  LineageForgetOptions,
  LineagePruneOptions,
  StoredLineageSink,
} from '../ports/queryable-lineage-sink.js';
import { GatheredWrites } from '../storage/gathered-writes.js';
import { dropAll } from './drop-rows.js';
import { placeOfRecord, rowsOfWay, storedRecord, writtenRecord } from './lineage-row.js';
import type { WrittenRecord } from './lineage-row.js';
import { lineageStatements } from './lineage-statements.js';
import type { LineageStatements } from './lineage-statements.js';
import { hashOf } from './row-keys.js';
import type { SqlConnection, SqlDatabase } from './sql-connection.js';
import { rowsOf } from './statement.js';
import type { Query, SqlRow, Statement, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';

/** About how many characters of records are written together. */
const BATCH_CHARACTERS = 250_000;
/** How many records are read at once. */
const PAGE_RECORDS = 200;
/** How many ways a sink remembers to have written; a graph has fewer. */
const MOST_WAYS = 10_000;

/** Keeps lineage records in an SQL database: the same statements, whatever goes through them. */
export class SqlLineageSink implements StoredLineageSink {
  readonly #connection: SqlConnection;
  readonly #place: string;
  readonly #logger: Logger | undefined;
  readonly #statements: LineageStatements;
  readonly #writes = new GatheredWrites<WrittenRecord>(
    (records) => this.#write(records),
    BATCH_CHARACTERS,
    ({ row }) => row.record.length,
  );
  /** The ways whose nodes are in the database. */
  readonly #ways = new Set<string>();
  /** The statements that forget records, by the names of their conditions. */
  readonly #forget = new Map<string, Statement>();

  constructor({ dialect, connection, place }: SqlDatabase, logger: Logger | undefined) {
    this.#connection = connection;
    this.#place = place;
    this.#logger = logger;
    this.#statements = lineageStatements(dialect);
  }

  async record(record: LineageRecord): Promise<void> {
    await this.#writes.add(writtenRecord(record));
  }

  history(correlationId: string): Promise<readonly LineageRecord[]> {
    return this.#found(this.#statements.ofItem.with({ item: hashOf(correlationId) }));
  }

  async terminal(correlationId: string): Promise<LineageRecord | undefined> {
    return this.#readable(
      await this.#rows(this.#statements.terminal.with({ item: hashOf(correlationId) })),
    )[0];
  }

  async unresolved(): Promise<readonly string[]> {
    const rows = await this.#rows(this.#statements.unresolved.with());
    return rows.map((row) => new StoredRow(row, 'a lineage record').text('correlation_id'));
  }

  passedThrough(path: string): Promise<readonly LineageRecord[]> {
    return this.#found(this.#statements.throughPath.with({ path: hashOf(path) }));
  }

  byKey(key: string): Promise<readonly LineageRecord[]> {
    return this.#found(this.#statements.ofOutput.with({ key: hashOf(key) }));
  }

  async prune(options: LineagePruneOptions): Promise<number> {
    return dropAll(this.#connection, this.#statements.prune.with({ before: pruneLimit(options) }));
  }

  async forget(options: LineageForgetOptions): Promise<number> {
    const given = forgetConditions(options);
    const names = (['runId', 'tenantId'] as const).filter((name) => given[name] !== undefined);
    const known = this.#forget.get(names.join(' ')) ?? this.#statements.forget(names);
    this.#forget.set(names.join(' '), known);
    const values = names.map((name) => [name, hashOf(given[name] ?? '')] as const);
    return dropAll(this.#connection, known.with(Object.fromEntries(values)));
  }

  close(): Promise<void> {
    return this.#writes.inTurn(() => this.#connection.close());
  }

  async #write(records: readonly WrittenRecord[]): Promise<void> {
    const ways = new Map(
      records.filter(({ row }) => !this.#ways.has(row.way_key)).map((record) => [record.row.way_key, record]),
    );
    await this.#connection.write(() => this.#inserts(records, [...ways.values()]));
    if (this.#ways.size + ways.size > MOST_WAYS) this.#ways.clear();
    for (const way of ways.keys()) this.#ways.add(way);
  }

  /** The records come last: steps that are made again have not written them. */
  *#inserts(records: readonly WrittenRecord[], ways: readonly WrittenRecord[]): Steps<void> {
    const { insert, insertWays } = this.#statements;
    if (ways.length > 0) yield insertWays.with({ rows: JSON.stringify(ways.flatMap(rowsOfWay)) });
    yield insert.with({ rows: JSON.stringify(records.map(({ row }) => row)) });
  }

  #rows(query: Query): Promise<readonly SqlRow[]> {
    return this.#connection.read(() => rowsOf(query));
  }

  /** The records at the positions that a query gives, some at a time. */
  async #found(query: Query): Promise<readonly LineageRecord[]> {
    const positions = (await this.#rows(query)).map(placeOfRecord);
    const found: SqlRow[] = [];
    for (let from = 0; from < positions.length; from += PAGE_RECORDS) {
      const page = JSON.stringify(positions.slice(from, from + PAGE_RECORDS));
      found.push(...(await this.#rows(this.#statements.records.with({ positions: page }))));
    }
    return this.#readable(found);
  }

  /** The records of some rows; those that are damaged are left out, and told. */
  #readable(rows: readonly SqlRow[]): readonly LineageRecord[] {
    const records: LineageRecord[] = [];
    const errors: unknown[] = [];
    for (const row of rows) {
      try {
        records.push(storedRecord(row));
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      const left = errors.length === 1 ? '1 record was' : `${String(errors.length)} records were`;
      tellUnasked(
        `lineage: ${left} left out as damaged: ${printed(errors[0])} (${this.#place})`,
        this.#logger,
      );
    }
    return records;
  }
}
