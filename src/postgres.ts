export { postgresRunStore } from './stores/postgres-run-store.js';
export type { PostgresRunStoreOptions } from './stores/postgres-run-store.js';
export type {
  PostgresClient,
  PostgresPool,
  PostgresRows,
  PostgresStatement,
} from './stores/postgres-pool.js';
