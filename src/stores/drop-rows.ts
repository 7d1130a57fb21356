import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { RunDatabase } from './run-database.js';
import type { SqlConnection } from './sql-connection.js';
import type { SqlDialect } from './sql-dialect.js';
import { rowsOf, Statement } from './statement.js';
import type { Query } from './statement.js';

/** How many rows one statement drops: neither the database nor the process is held up for long. */
const DROP_STEP = 500;

/** Compiles what drops some rows in an order; others that do so beside this one take other rows. */
export function dropStatement(
  { compiler, hasRowLocks }: SqlDialect,
  table: keyof RunDatabase,
  order: string,
  condition: RawBuilder<boolean>,
): Statement {
  const dropped = sql`delete from ${sql.table(table)} where position in (
    select position from ${sql.table(table)} where ${condition}
    order by ${sql.ref(order)} limit ${sql.lit(DROP_STEP)} ${hasRowLocks ? sql`for update skip locked` : sql``}
  ) returning position`;
  return new Statement({ compile: () => dropped.compile(compiler) });
}

/** Drops rows until none is left to drop; gives how many there were. */
export async function dropAll(connection: SqlConnection, query: Query): Promise<number> {
  for (let dropped = 0; ;) {
    const { length } = await connection.write(() => rowsOf(query));
    dropped += length;
    if (length < DROP_STEP) return dropped;
    await setImmediate();
  }
}
