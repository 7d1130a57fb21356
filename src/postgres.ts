export type { PostgresOptions } from './stores/open-postgres.js';
export { postgresDeadLetterSink } from './stores/postgres-dead-letter-sink.js';
export type { PostgresDeadLetterSinkOptions } from './stores/postgres-dead-letter-sink.js';
export type {
  PostgresClient,
  PostgresPool,
  PostgresRows,
  PostgresStatement,
} from './stores/postgres-pool.js';
export { postgresRunStore } from './stores/postgres-run-store.js';
