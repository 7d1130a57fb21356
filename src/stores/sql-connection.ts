import type { SqlDialect } from './sql-dialect.js';
import type { Steps } from './statement.js';

/** Goes through steps with a database. Steps may be made again: where the database was busy, all begins anew. */
export interface SqlConnection {
  /** Steps that write nothing. */
  read<T>(steps: () => Steps<T>): Promise<T>;
  /** Steps of which each write decides by itself whether it may be made, so that a transaction is not needed. */
  write<T>(steps: () => Steps<T>): Promise<T>;
  /**
   * All within one transaction: what throws undoes all of it.
   *
   * @param lock the number of a lock: transactions with the same one follow one another, also those of other processes.
   */
  transact<T>(steps: () => Steps<T>, lock?: string): Promise<T>;
  /** Frees what the connection holds. */
  close(): Promise<void>;
}

/** A database, and how to talk to it. */
export interface SqlDatabase {
  readonly dialect: SqlDialect;
  readonly connection: SqlConnection;
  /** Where it is, in words for a message; never with a password. */
  readonly place: string;
}
