import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryRunStore } from 'heirline';
import type { RunStore } from 'heirline';
import { postgresRunStore } from 'heirline/postgres';
import { sqliteRunStore } from 'heirline/sqlite';
import Database from 'libsql';
import pg from 'pg';
import type { Run, Workload } from '../harness/contender.js';

/**
 * One row is inserted and changed twice: by hand, with three prepared statements, and as a run that begins and ends.
 *
 * PostgreSQL only where the address of a server is in `HEIRLINE_POSTGRES_URL`.
 */
export async function runStores(): Promise<Workload[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heirline-bench-'));
  const url = process.env['HEIRLINE_POSTGRES_URL'] ?? '';
  return [
    workload('a run in a SQLite file', rawSqlite(join(folder, 'raw.db')), () =>
      sqliteRunStore({ path: join(folder, 'runs.db') }),
    ),
    workload('a run in memory', rawMap(), () => new MemoryRunStore()),
    ...(url === ''
      ? []
      : [
          workload('a run in PostgreSQL', await rawPostgres(url), () =>
            postgresRunStore({ connectionString: url }),
          ),
        ]),
  ];
}

/** Does the three writes of one row. */
type Write = (id: string) => unknown;

const session = Math.random().toString(36).slice(2);
let made = 0;

function workload(name: string, write: Write, create: () => RunStore): Workload {
  const store = create();
  return {
    name,
    items: 500,
    isFixed: true,
    allocation: false,
    contenders: [
      { name: 'three prepared writes', role: 'floor', prepare: (numbers) => repeated(numbers.length, write) },
      {
        name: 'heirline',
        role: 'heirline',
        prepare: (numbers) => repeated(numbers.length, storedRun(store)),
      },
      {
        name: 'heirline, with a thread',
        role: 'heirline',
        prepare: (numbers) => repeated(numbers.length, storedRun(store, true)),
      },
    ],
  };
}

function repeated(times: number, write: Write): Run {
  return async () => {
    for (let time = 0; time < times; time += 1) {
      made += 1;
      await write(`${session}-${String(made)}`);
    }
    return times;
  };
}

const lease = { token: session, ownerId: 'bench', ms: 30_000 };
const payload = { text: 'x'.repeat(100) };

function storedRun(store: RunStore, hasThread = false): Write {
  return async (runId) => {
    await store.insert(
      {
        runId,
        ...(hasThread && { threadId: runId }),
        pipelineName: 'Bench',
        status: 'running',
        strategy: 'reject',
        onDisconnect: 'continue',
        metadata: payload,
        ownerId: 'bench',
        createdAt: 1,
        cost: [],
        counts: {},
      },
      { lease },
    );
    await store.update(runId, { status: ['running'], lease }, { startedAt: 2 });
    await store.update(runId, { status: ['running'], lease }, { status: 'success', endedAt: 3 });
  };
}

const table = 'create table bench (id text primary key, payload text, status text, at double precision)';

function rawSqlite(path: string): Write {
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

async function rawPostgres(connectionString: string): Promise<Write> {
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

function rawMap(): Write {
  const rows = new Map<string, object>();
  return (id) => {
    rows.set(id, { id, payload, status: 'running', at: 1 });
    rows.set(id, { ...rows.get(id), at: 2 });
    rows.set(id, { ...rows.get(id), status: 'success', at: 3 });
  };
}
