import Database from 'libsql';
import { migrations } from '../../../src/stores/migrations.js';
import { sqliteDialect } from '../../../src/stores/sql-dialect.js';
import { Statement } from '../../../src/stores/statement.js';

export const dialect = sqliteDialect();

/** How SQLite goes about a statement in an empty database. */
export function planOf(statement: Statement): string {
  const database = new Database(':memory:');
  try {
    for (const change of migrations.flatMap((migration) => migration(dialect)))
      database.exec(new Statement(change).text);
    const { values } = statement.with();
    const steps = database.prepare(`explain query plan ${statement.text}`).all(values) as {
      detail: string;
    }[];
    return steps.map(({ detail }) => detail).join('; ');
  } finally {
    database.close();
  }
}
