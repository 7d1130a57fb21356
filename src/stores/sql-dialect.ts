import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { AliasedRawBuilder, RawBuilder } from 'kysely';
import type { RunDatabase, RunTable } from './run-database.js';
import { Statement, timeOfQuery } from './statement.js';

/** In what the two databases differ; all else of the statements is the same. */
export interface SqlDialect {
  /** Builds and compiles statements; never executes one. */
  readonly compiler: Kysely<RunDatabase>;
  /** The clock of the store, for the times of leases. */
  readonly now: RawBuilder<number>;
  /** Whether rows can be locked, and have to be, since transactions run beside each other. */
  readonly hasRowLocks: boolean;
  /** A new place at the end of the dead letters, for one that has a place already. */
  readonly nextPlace: RawBuilder<number>;
  /** The table of runs, read by the index of the open ones. */
  readonly openRuns: AliasedRawBuilder<RunTable, 'heirline_runs'>;
  /** The names of all tables and indexes, and of all columns as `table.column`. */
  readonly catalogue: Statement;
  /** The texts of a JSON list, for `in`. */
  readonly texts: (list: RawBuilder<string>) => RawBuilder<string>;
  /** The parts of a JSON list, as a table; the text of a part is what was written, but for its spaces. */
  readonly parts: (list: RawBuilder<string>) => AliasedRawBuilder<ListPart, 'part'>;
}

/** One part of a JSON list. */
interface ListPart {
  /** Where the part stands in the list, from 1. */
  readonly number: number;
  /** The part as JSON. */
  readonly value: string;
}

/** How the statements are for SQLite. */
export function sqliteDialect(): SqlDialect {
  const compiler = new Kysely<RunDatabase>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return {
    compiler,
    now: timeOfQuery,
    hasRowLocks: false,
    nextPlace: sql`(select max(position) + 1 from heirline_dead_letters)`,
    // Else all runs would be gone through in the order of their positions.
    openRuns: sql<RunTable>`heirline_runs`.as<'heirline_runs'>(
      sql`heirline_runs indexed by heirline_runs_open`,
    ),
    catalogue: statementOf(
      compiler,
      sql`select name from sqlite_master union all select m.name || '.' || c.name
        from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`,
    ),
    texts: (list) => sql`(select value from json_each(${list}))`,
    parts: (list) => sql<ListPart>`(select key + 1 as number, value from json_each(${list}))`.as('part'),
  };
}

/** How the statements are for PostgreSQL. */
export function postgresDialect(): SqlDialect {
  const compiler = new Kysely<RunDatabase>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new PostgresIntrospector(database),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  return {
    compiler,
    // Of the moment, not of the beginning of the transaction, which may have waited for a lock.
    now: sql`cast(extract(epoch from clock_timestamp()) * 1000 as double precision)`,
    hasRowLocks: true,
    nextPlace: sql`default`,
    openRuns: sql<RunTable>`heirline_runs`.as('heirline_runs'),
    catalogue: statementOf(
      compiler,
      sql`select tablename as name from pg_tables where schemaname = current_schema()
      union all select indexname from pg_indexes where schemaname = current_schema()
      union all select table_name || '.' || column_name from information_schema.columns
        where table_schema = current_schema()`,
    ),
    texts: (list) => sql`(select json_array_elements_text(cast(${list} as json)))`,
    parts: (list) =>
      sql<ListPart>`json_array_elements(cast(${list} as json)) with ordinality`.as<'part'>(
        sql`part (value, number)`,
      ),
  };
}

function statementOf(compiler: Kysely<RunDatabase>, text: RawBuilder<unknown>): Statement {
  return new Statement({ compile: () => text.compile(compiler) });
}
