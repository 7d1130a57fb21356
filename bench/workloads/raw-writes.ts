import Database from 'libsql';
import pg from 'pg';

/** Does the three writes of one row: inserts it, and changes it twice. */
export type Write = (id: string) => unknown;

/** What a row holds beside its id. */
export const payload = { text: 'x'.repeat(100) };

const table = 'create table bench (id text primary key, payload text, status text, at double precision)';

/** With three prepared statements of libsql. */
export function rawSqlite(path: string): Write {
  const database = new Database(path);
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = NORMAL');
  database.exec(table);
  const insert = database.prepare('insert into bench values (?, ?, ?, ?)');
  const begin = database.prepare('update bench set at = ? where id = ?');
  const end = database.prepare('update bench set status = ?, at = ? where id = ?');
  return (id) => {
    insert.run([id, JSON.stringify(payload), 'running', 1]);
    begin.run([2, id]);
    end.run(['success', 3, id]);
  };
}

/** With three named statements of pg. */
export async function rawPostgres(connectionString: string): Promise<Write> {
  const pool = new pg.Pool({ connectionString });
  await pool.query('drop table if exists bench');
  await pool.query(table);
  const insert = { name: 'insert', text: 'insert into bench values ($1, $2, $3, $4)' };
  const begin = { name: 'begin', text: 'update bench set at = $1 where id = $2' };
  const end = { name: 'end', text: 'update bench set status = $1, at = $2 where id = $3' };
  return async (id) => {
    await pool.query({ ...insert, values: [id, JSON.stringify(payload), 'running', 1] });
    await pool.query({ ...begin, values: [2, id] });
    await pool.query({ ...end, values: ['success', 3, id] });
  };
}

/** In a map. */
export function rawMap(): Write {
  const rows = new Map<string, object>();
  return (id) => {
    rows.set(id, { id, payload, status: 'running', at: 1 });
    rows.set(id, { ...rows.get(id), at: 2 });
    rows.set(id, { ...rows.get(id), status: 'success', at: 3 });
  };
}
