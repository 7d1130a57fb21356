import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryRunStore } from 'heirline';
import type { RunStore } from 'heirline';
import { postgresRunStore } from 'heirline/postgres';
import { sqliteRunStore } from 'heirline/sqlite';
import type { Run, Workload } from '../harness/contender.js';
import type { MeasuredStore } from './managed-runs.js';
import { payload, rawMap, rawPostgres, rawSqlite } from './raw-writes.js';
import type { Write } from './raw-writes.js';

/** The store in the memory of the process. */
export const memoryStore: MeasuredStore = {
  name: 'memory',
  isDurable: false,
  create: () => new MemoryRunStore(),
  write: rawMap(),
};

/** The stores that outlive a process; PostgreSQL only where the address of a server is in `HEIRLINE_POSTGRES_URL`. */
export async function durableStores(): Promise<MeasuredStore[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heirline-bench-'));
  const url = process.env['HEIRLINE_POSTGRES_URL'] ?? '';
  let files = 0;
  const newFile = (): string => join(folder, `runs-${(files += 1)}.db`);
  return [
    {
      name: 'SQLite',
      isDurable: true,
      create: () => sqliteRunStore({ path: newFile() }),
      write: rawSqlite(join(folder, 'raw.db')),
    },
    ...(url === ''
      ? []
      : [
          {
            name: 'PostgreSQL',
            isDurable: true,
            create: () => postgresRunStore({ connectionString: url }),
            write: await rawPostgres(url),
          },
        ]),
  ];
}

const session = Math.random().toString(36).slice(2);
let made = 0;

/** One row is inserted and changed twice: by hand, with three prepared statements, and as a run that begins and ends. */
export function storedRuns({ name, create, write }: MeasuredStore): Workload {
  const store = create();
  return {
    name: `a stored run: ${name}`,
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
