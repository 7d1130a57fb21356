import { setImmediate } from 'node:timers/promises';
import type { JsonObject } from '../data/json-value.js';
import { printed, toErrorRecord } from '../ports/error-record.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { quietly } from '../run/bound-logger.js';
import type { StoredRunEvent } from '../runs/run-event.js';
import type { CancelRequest, RequestedCancel, RunRecord } from '../runs/run-record.js';
import type {
  ClaimOptions,
  InsertOptions,
  Lease,
  RunChanges,
  RunExpectation,
  RunFilter,
  RunStore,
  RunThread,
  StoredSession,
  StorePruneOptions,
} from '../runs/run-store.js';
import { claimRuns } from './claim-runs.js';
import { insertFree, insertRun } from './insert-run.js';
import { listRuns } from './list-runs.js';
import { appendEvents, logStatements, mergedEvents, readEvents } from './log-statements.js';
import { forgetThread, PRUNE_STEP, pruneLimit, pruneSome, threadRemoval } from './remove-runs.js';
import { idempotencyHashOf, lockOf, threadKeyOf } from './row-keys.js';
import { RecentRuns } from './recent-runs.js';
import { storedCancel, storedRun, valuesOfLease } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { runStatements } from './run-statements.js';
import { loadSession, saveSession, sessionStatements } from './session-statements.js';
import type { SqlConnection, SqlDatabase } from './sql-connection.js';
import type { SqlDialect } from './sql-dialect.js';
import type { SqlRow, SqlValues, Statement, Steps } from './statement.js';
import { StoredRow } from './stored-row.js';
import { isJsonObject, isListOfEvents, isStoredEvent } from './stored-shapes.js';
import { toStoredText } from './stored-text.js';
import { isOneStatement, updateRun } from './update-run.js';

/** Keeps runs in an SQL database: the same statements, whatever goes through them. */
export class SqlRunStore implements RunStore {
  readonly #dialect: SqlDialect;
  readonly #connection: SqlConnection;
  readonly #logger: Logger;
  readonly #statements;
  readonly #recent = new RecentRuns();

  constructor({ dialect, connection }: SqlDatabase, logger: Logger = silentLogger) {
    this.#dialect = dialect;
    this.#connection = connection;
    this.#logger = logger;
    this.#statements = {
      ...runStatements(dialect),
      log: logStatements(dialect),
      session: sessionStatements(dialect),
      removal: threadRemoval(dialect),
    };
  }

  async insert(record: RunRecord, options: InsertOptions): Promise<RunRecord> {
    const steps = () => insertRun(this.#statements, record, options);
    const threadKey = threadKeyOf(record);
    // Without a thread the unique indexes decide.
    if (threadKey === undefined) return this.#keep(await this.#connection.write(steps));
    // Where others write beside this, one that is accepted meanwhile and waits would not be seen.
    const free = this.#dialect.hasRowLocks
      ? undefined
      : await this.#connection.write(() => insertFree(this.#statements, record, options));
    return this.#keep(free ?? (await this.#connection.transact(steps, lockOf(threadKey))));
  }

  async update(runId: string, expected: RunExpectation, changes: RunChanges): Promise<RunRecord | undefined> {
    const steps = () => updateRun(this.#statements, runId, expected, changes, this.#recent.get(runId));
    const run = await (isOneStatement(changes)
      ? this.#connection.write(steps)
      : this.#connection.transact(steps));
    return run && this.#keep(run);
  }

  async renew(lease: Lease, runIds: readonly string[]): Promise<readonly string[]> {
    const values = { ...valuesOfLease(lease), runIds: JSON.stringify(runIds.map(toStoredText)) };
    const rows = await this.#connection.write(() => query(this.#statements.renew, values));
    const renewed = new Set(rows.map((row) => new StoredRow(row, 'a run').text('run_id')));
    return runIds.filter((runId) => renewed.has(runId));
  }

  async requestCancel(runId: string, { action, reason }: CancelRequest): Promise<RunRecord | undefined> {
    const { requestCancel, get } = this.#statements;
    const values = { runId: toStoredText(runId), action, reason };
    const steps = function* (): Steps<StoredRun | undefined> {
      yield requestCancel.with(values);
      const [row] = yield get.with(values);
      return row && storedRun(row);
    };
    const run = await this.#connection.write(steps);
    return run && this.#keep(run);
  }

  async cancels(lease: Lease): Promise<readonly RequestedCancel[]> {
    const rows = await this.#ask(this.#statements.cancels, valuesOfLease(lease));
    return this.#readable(rows, storedCancel);
  }

  async claimExpired(options: ClaimOptions): Promise<readonly RunRecord[]> {
    const rows = await this.#connection.write(() => claimRuns(this.#statements, options));
    return this.#readable(rows, (row) => this.#keep(storedRun(row)));
  }

  async loadInput(runId: string): Promise<JsonObject | undefined> {
    const [row] = await this.#ask(this.#statements.input, { runId: toStoredText(runId) });
    return row && new StoredRow(row, `the run '${runId}'`).optionalJson('input', isJsonObject);
  }

  appendEvents(
    runId: string,
    events: readonly StoredRunEvent[],
    { lease }: { readonly lease: Lease },
  ): Promise<void> {
    const statements = { ...this.#statements.log, owner: this.#statements.owner };
    return this.#connection.write(() => appendEvents(statements, runId, events, lease));
  }

  async readEvents(
    runId: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<readonly StoredRunEvent[]> {
    const rows = await this.#connection.read(() => readEvents(this.#statements.log, runId, range));
    const what = `the log of the run '${runId}'`;
    const events = this.#readable(rows.added, (row) => new StoredRow(row, what).json('event', isStoredEvent));
    const last = this.#readable(rows.last, (row) =>
      new StoredRow(row, what).optionalJson('last_events', isListOfEvents),
    );
    return mergedEvents(
      events,
      last.flatMap((list) => list ?? []),
      range,
    );
  }

  async get(runId: string): Promise<RunRecord | undefined> {
    return firstRecord(await this.#ask(this.#statements.get, { runId: toStoredText(runId) }));
  }

  async list(filter: RunFilter): Promise<readonly RunRecord[]> {
    const rows = await this.#connection.read(() => listRuns(this.#statements, this.#dialect, filter));
    return this.#readable(rows, recordOf);
  }

  async byKey(tenantId: string | undefined, idempotencyKey: string): Promise<RunRecord | undefined> {
    const keyHash = idempotencyHashOf(tenantId, idempotencyKey);
    return firstRecord(await this.#ask(this.#statements.byKey, { keyHash }));
  }

  async active(threadId: string, tenantId?: string): Promise<RunRecord | undefined> {
    const threadKey = threadKeyOf({ threadId, tenantId });
    return firstRecord(await this.#ask(this.#statements.active, { threadKey }));
  }

  loadSession(thread: RunThread): Promise<StoredSession> {
    return this.#connection.read(() => loadSession(this.#statements.session, thread));
  }

  saveSession(
    thread: RunThread,
    session: StoredSession,
    owner: { readonly runId: string; readonly lease: Lease },
  ): Promise<void> {
    const statements = { ...this.#statements.session, owner: this.#statements.owner };
    return this.#connection.transact(() => saveSession(statements, thread, session, owner));
  }

  async prune(options: StorePruneOptions): Promise<number> {
    const upTo = await this.#connection.read(() => pruneLimit(this.#dialect, options));
    if (upTo === undefined) return 0;
    for (let removed = 0; ;) {
      const some = await this.#connection.transact(() =>
        pruneSome(this.#dialect, this.#statements.log, options, upTo),
      );
      removed += some;
      if (some < PRUNE_STEP) return removed;
      await setImmediate();
    }
  }

  forget(thread: RunThread): Promise<number> {
    const threadKey = threadKeyOf(thread) ?? '';
    return this.#connection.transact(() => forgetThread(this.#statements, thread), lockOf(threadKey));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Remembers a run that is stored by now; gives its record. */
  #keep(run: StoredRun): RunRecord {
    this.#recent.keep(run);
    return run.record;
  }

  #ask(statement: Statement, values: SqlValues): Promise<readonly SqlRow[]> {
    return this.#connection.read(() => query(statement, values));
  }

  /** What can be read of a list of rows; the others are logged. */
  #readable<T>(rows: readonly SqlRow[], read: (row: SqlRow) => T): readonly T[] {
    return rows.flatMap((row) => {
      try {
        return [read(row)];
      } catch (error) {
        this.#report(error);
        return [];
      }
    });
  }

  #report(error: unknown): void {
    const message = 'A damaged row of the store of runs was left out';
    if (this.#logger === silentLogger) process.emitWarning(`${message}: ${printed(error)}`);
    else quietly(this.#logger, 'error', { error: toErrorRecord(error) }, message);
  }
}

function* query(statement: Statement, values: SqlValues): Steps<readonly SqlRow[]> {
  return yield statement.with(values);
}

function recordOf(row: SqlRow): RunRecord {
  return storedRun(row).record;
}

function firstRecord([row]: readonly SqlRow[]): RunRecord | undefined {
  return row && recordOf(row);
}
