import type { Generated } from 'kysely';

/** The row of a run. */
export interface RunTable {
  /** The order in which runs were inserted. */
  readonly position: Generated<number>;
  readonly run_id: string;
  readonly tenant_id: string | null;
  readonly thread_id: string | null;
  /** A hash of tenant and thread: an index cannot hold two ids of any length. */
  readonly thread_key: string | null;
  /** The same while the run is running: unique, so that never two of a thread are. */
  readonly active_thread: string | null;
  readonly idempotency_key: string | null;
  /** A hash of tenant and idempotency key. */
  readonly idempotency_hash: string | null;
  readonly pipeline_name: string;
  readonly definition: string | null;
  readonly status: string;
  readonly strategy: string;
  readonly on_disconnect: string;
  readonly metadata: string;
  readonly follow_up_to_run_id: string | null;
  readonly stop_reason: string | null;
  readonly error: string | null;
  readonly cancel_action: string | null;
  readonly cancel_reason: string | null;
  readonly owner_id: string;
  /** The token of the owner's lease. */
  readonly token: string;
  /** On the clock of the store; null once the run has ended. */
  readonly lease_expires_at: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly cost: string;
  readonly counts: string;
  readonly input: string | null;
  /** Higher after each change but a renewal: what was decided by an older row is not written. */
  readonly revision: number;
  /** What the log got with the end of the run, as a JSON list: so that one statement writes both. */
  readonly last_events: string | null;
}

/** One event of a run's log. */
interface RunEventTable {
  /** The `position` of the run in the upper 32 bits, the number of the event in the lower ones. */
  readonly place: number;
  readonly event: string;
}

/** The session of a thread. */
interface SessionTable {
  readonly thread_key: string;
  readonly tenant_id: string | null;
  readonly thread_id: string;
  readonly version: number;
  readonly entries: string;
  /** Who saved it: a repeat of that save is no conflict. */
  readonly saved_by: string;
}

/** A dead letter. */
interface DeadLetterTable {
  /** The order in which letters came; a letter that replaces another one has a place of its own. */
  readonly position: Generated<number>;
  /** A hash of the id: an index cannot hold texts of any length. */
  readonly letter_key: string;
  readonly path: string;
  readonly path_key: string;
  readonly run_id: string;
  readonly run_key: string;
  /** On the clock of the store. */
  readonly written_at: number;
  /** When a replay claimed it, as the claim says; null where none has. */
  readonly claimed_at: number | null;
  /** The run that has claimed it. */
  readonly claimed_by: string | null;
  /** The number of characters of the letter: readers take as many letters at once as they have room for. */
  readonly size: number;
  /** The letter as a line of JSON, as it was written. */
  readonly letter: string;
  /** What replays have said about it since, a line of JSON each. */
  readonly marks: string;
}

/** Which migrations a database has. */
interface SchemaTable {
  readonly version: number;
}

/** All tables of the stores, whose names begin so that a database can hold others too. */
export interface RunDatabase {
  readonly heirline_schema: SchemaTable;
  readonly heirline_runs: RunTable;
  readonly heirline_run_events: RunEventTable;
  readonly heirline_sessions: SessionTable;
  readonly heirline_dead_letters: DeadLetterTable;
}

/** The columns that a record is made of, and what an update must know besides. */
export const recordColumns = [
  ...(['run_id', 'tenant_id', 'thread_id', 'idempotency_key', 'pipeline_name', 'definition'] as const),
  ...(['status', 'strategy', 'on_disconnect', 'metadata', 'follow_up_to_run_id', 'stop_reason'] as const),
  ...(['error', 'cancel_action', 'cancel_reason', 'owner_id', 'lease_expires_at'] as const),
  ...(['created_at', 'started_at', 'ended_at', 'cost', 'counts'] as const),
  ...(['token', 'revision'] as const),
] satisfies readonly (keyof RunTable)[];

/** All that the latest schema has: tables, columns as `table.column`, and indexes. */
export const schemaParts: readonly string[] = [
  ...['heirline_schema', 'heirline_schema.version', 'heirline_runs'],
  ...recordColumns.map((column) => `heirline_runs.${column}`),
  ...['position', 'thread_key', 'active_thread', 'idempotency_hash', 'input', 'last_events'].map(
    (column) => `heirline_runs.${column}`,
  ),
  ...['heirline_runs_active_thread', 'heirline_runs_idempotency', 'heirline_runs_open'],
  'heirline_run_events',
  ...['place', 'event'].map((column) => `heirline_run_events.${column}`),
  'heirline_sessions',
  ...['thread_key', 'tenant_id', 'thread_id', 'version', 'entries', 'saved_by'].map(
    (column) => `heirline_sessions.${column}`,
  ),
  'heirline_dead_letters',
  ...['position', 'letter_key', 'path', 'path_key', 'run_id', 'run_key', 'written_at'].map(
    (column) => `heirline_dead_letters.${column}`,
  ),
  ...['claimed_at', 'claimed_by', 'size', 'letter', 'marks'].map(
    (column) => `heirline_dead_letters.${column}`,
  ),
];
