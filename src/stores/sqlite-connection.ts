import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'libsql';
import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import {
  schemaUnsupported,
  storeClosed,
  storeUnavailable,
  storeUnavailableNow,
} from '../errors/store-errors.js';
import { printed } from '../ports/error-record.js';
import { isOutdated, migrate, schemaVersion } from './open-schema.js';
import type { SqlConnection } from './sql-connection.js';
import type { SqlDialect } from './sql-dialect.js';
import type { Query, SqlRow, Steps } from './statement.js';

/** How long SQLite waits for another process by itself. The process does nothing else meanwhile, so not long. */
const BLOCKING_MS = 10;
/** Long enough for other processes to take their turns. */
const PATIENCE_MS = 5000;
/** The longest pause between two tries; a random part of it, so that processes do not meet again and again. */
const LONGEST_PAUSE_MS = 20;

/**
 * How many pages are written beside the file before they are copied into it. With SQLite's 1,000 a page of which run
 * after run is written, as most are, would be copied four times as often.
 */
const CHECKPOINT_PAGES = 4000;

/** Where a database is, and how safe what is written has to be. */
export interface SqliteFile {
  readonly path: string;
  readonly synchronous: 'NORMAL' | 'FULL';
}

/**
 * A connection to a SQLite file that other processes use too.
 *
 * Each operation is one synchronous function from `begin immediate` to `commit`: no other of this process can come in
 * between, and nothing is left open over an await. Where another process is writing, the operation begins anew later.
 */
export class SqliteConnection implements SqlConnection {
  readonly #dialect: SqlDialect;
  readonly #file: SqliteFile;
  readonly #patienceMs: number;
  #open: OpenDatabase | undefined;
  #isClosed = false;

  /** @param patienceMs how long other processes are waited for in all. */
  constructor(dialect: SqlDialect, file: SqliteFile, patienceMs = PATIENCE_MS) {
    this.#dialect = dialect;
    this.#file = file;
    this.#patienceMs = patienceMs;
  }

  read<T>(steps: () => Steps<T>): Promise<T> {
    return this.#patiently((database) => database.go(steps()));
  }

  /** By itself first, which costs less; where others are writing, in a transaction, which waits for its turn as a whole. */
  write<T>(steps: () => Steps<T>): Promise<T> {
    return this.#patiently((database, isRepeated) =>
      isRepeated ? database.transact(steps) : database.go(steps()),
    );
  }

  transact<T>(steps: () => Steps<T>): Promise<T> {
    return this.#patiently((database) => database.transact(steps));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#drop();
    return Promise.resolve();
  }

  /** Tries again what met another process that was writing. */
  async #patiently<T>(operation: (database: OpenDatabase, isRepeated: boolean) => T): Promise<T> {
    const until = performance.now() + this.#patienceMs;
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        return operation(this.#database(), isRepeated);
      } catch (error) {
        if (isInstanceOf(error, PipelineError)) throw error;
        if (!isInstanceOf(error, BusyAtBegin)) this.#drop();
        const cause: unknown = isInstanceOf(error, BusyAtBegin) ? error.cause : error;
        if (!isBusy(cause) || performance.now() > until) throw failure(this.#file, cause);
      }
      await pause(1 + Math.random() * LONGEST_PAUSE_MS);
    }
  }

  #database(): OpenDatabase {
    if (this.#isClosed) throw storeClosed();
    this.#open ??= openDatabase(this.#dialect, this.#file);
    return this.#open;
  }

  /** After a failure a statement may never have been reset, so that the connection is good for nothing more. */
  #drop(): void {
    const open = this.#open;
    this.#open = undefined;
    try {
      open?.close();
    } catch {
      // What cannot be closed is not used again either.
    }
  }
}

/** The file is being written to by another process, and nothing has been begun. */
class BusyAtBegin extends Error {}

const nothing: readonly SqlRow[] = [];
const written: readonly SqlRow[] = [{}];

/** A prepared statement, and whether it gives rows, which each look asks SQLite for. */
interface Prepared {
  readonly made: Database.Statement;
  readonly givesRows: boolean;
}

/** One database handle, and its prepared statements. */
class OpenDatabase {
  readonly #database: Database.Database;
  /** By their text: some statements are made anew at each call. */
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Goes through steps, each by itself. */
  go<T>(steps: Steps<T>): T {
    let step = steps.next();
    while (step.done !== true) step = steps.next(this.#rows(step.value));
    return step.value;
  }

  transact<T>(steps: () => Steps<T>): T {
    this.#begin();
    try {
      const answer = this.go(steps());
      this.#database.exec('commit');
      return answer;
    } catch (error) {
      // Also where the connection is given up: its statements keep it open, and the file locked, until they are collected.
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('rollback');
    } catch {
      // SQLite has done so itself.
    }
  }

  close(): void {
    this.#database.close();
  }

  #begin(): void {
    try {
      this.#database.exec('begin immediate');
    } catch (error) {
      throw isBusy(error) ? new BusyAtBegin('The database is busy.', { cause: error }) : error;
    }
  }

  #rows({ statement, values }: Query): readonly SqlRow[] {
    let prepared = this.#prepared.get(statement.text);
    if (prepared === undefined) {
      const made = this.#database.prepare(statement.text);
      prepared = { made, givesRows: made.reader };
      this.#prepared.set(statement.text, prepared);
    }
    const { made, givesRows } = prepared;
    if (statement.gives === 'row') {
      const row = made.get(values) as SqlRow | undefined;
      return row === undefined ? nothing : [row];
    }
    if (givesRows) return made.all(values) as SqlRow[];
    return made.run(values).changes > 0 ? written : nothing;
  }
}

function openDatabase(dialect: SqlDialect, { path, synchronous }: SqliteFile): OpenDatabase {
  const database = new Database(path, { timeout: BLOCKING_MS });
  try {
    const open = new OpenDatabase(database);
    // Before anything is written: what is refused stays as it is.
    const version = open.go(schemaVersion(dialect));
    const mode: unknown = readProperty(database.prepare('pragma journal_mode').get([]), 'journal_mode');
    if (mode !== 'wal') database.exec('pragma journal_mode = wal');
    database.exec(`pragma synchronous = ${synchronous}; pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (isOutdated(version)) open.transact(() => migrate(dialect));
    return open;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  const code = readProperty(error, 'code');
  return typeof code === 'string' && /^SQLITE_(BUSY|LOCKED)/.test(code);
}

/** The error of the library for one of SQLite. */
function failure({ path }: SqliteFile, cause: unknown): PipelineError {
  const code = readProperty(cause, 'code');
  if (code === 'SQLITE_NOTADB') {
    return schemaUnsupported(`The file '${path}' is no SQLite database.`, 'Name another file.', cause);
  }
  if (isBusy(cause)) {
    return storeUnavailableNow({
      problem: `Other processes have kept the database '${path}' busy too long.`,
      remedy: 'Try again, or look for a process that holds a transaction open.',
      cause,
    });
  }
  return storeUnavailable({
    problem: `The database '${path}' failed: ${printed(cause)}.`,
    remedy: remedyFor(path),
    cause,
  });
}

/** What can be done about a file that fails: the errors of SQLite say of most faults only that it cannot be opened. */
function remedyFor(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return "That is a folder: give 'path' the name of a file in it.";
  if (found === undefined && !existsSync(dirname(path)))
    return `Look at 'path': the folder must exist, and '${dirname(path)}' does not.`;
  return 'Look at the cause: the process must be allowed to write to the file and its folder, and the disk have room.';
}
