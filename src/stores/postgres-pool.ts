/** What a store needs of a pool of connections: a `Pool` of the package `pg` has it. */
export interface PostgresPool {
  /** Gives a connection that nobody else uses until its `release`. */
  connect(): Promise<PostgresClient>;
  /** The store hears of idle connections that break; without a listener they would end the process. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Takes a listener away again. */
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** What a store needs of a connection. */
export interface PostgresClient {
  /** Executes one statement; one with a name is prepared once for each connection. */
  query(statement: PostgresStatement): Promise<PostgresRows>;
  /** Gives the connection back, or with true ends it, since it is good for nothing more. */
  release(destroy?: boolean): void;
  /** A connection that breaks while it is not asked anything says so by an event. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Takes a listener away again. */
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** What a statement has given. */
export interface PostgresRows {
  /** The rows, each with its columns by name. */
  readonly rows: readonly object[];
  /** How many rows the statement has read or written. */
  readonly rowCount: number | null;
}

/** A statement as it is executed. */
export interface PostgresStatement {
  /** The same for the same text. */
  readonly name?: string;
  /** With `$1`, `$2` and so on for values. */
  readonly text: string;
  /** The values of the text, in their order. */
  readonly values?: unknown[];
}
