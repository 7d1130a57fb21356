import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { sqliteDialect } from '../../../src/stores/sql-dialect.js';
import { SqliteConnection } from '../../../src/stores/sqlite-connection.js';
import { Statement, type SqlRow, type Steps } from '../../../src/stores/statement.js';

const dialect = sqliteDialect();
const folder = mkdtempSync(join(tmpdir(), 'heirline-connection-'));
let made = 0;

function newFile() {
  made += 1;
  return { path: join(folder, `${String(made)}.db`), synchronous: 'NORMAL' } as const;
}

function steps(...texts: readonly string[]): () => Steps<readonly SqlRow[]> {
  return function* () {
    let rows: readonly SqlRow[] = [];
    for (const text of texts)
      rows = yield new Statement({ compile: () => sql.raw(text).compile(dialect.compiler) }).with();
    return rows;
  };
}

describe('a connection to SQLite', () => {
  it('says that a repeat is worth it where other processes have kept the file busy too long', async () => {
    const file = newFile();
    const connection = new SqliteConnection(dialect, file, 20);
    await connection.read(steps('select 1'));
    const other = new Database(file.path);
    other.exec('begin immediate');
    await expect(connection.transact(steps('select 1'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      transient: true,
    });
    expect(await connection.read(steps('select 7 as seven'))).toMatchObject([{ seven: 7 }]);
    other.exec('commit');
    await expect(connection.transact(steps('select 1'))).resolves.toHaveLength(1);
    await connection.close();
  });

  it('leaves nothing of a transaction that fails, nor the file locked, and goes on', async () => {
    const file = newFile();
    const connection = new SqliteConnection(dialect, file);
    const failing = steps('insert into heirline_schema values (2)', 'select nothing from nowhere');
    await expect(connection.transact(failing)).rejects.not.toHaveProperty('transient');
    const other = new Database(file.path);
    other.exec('begin immediate');
    other.exec('commit');
    other.close();
    expect(await connection.read(steps('select count(*) as versions from heirline_schema'))).toMatchObject([
      { versions: 1 },
    ]);
    await connection.close();
  });
});
