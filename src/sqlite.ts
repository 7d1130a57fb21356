export { sqliteRunStore } from './stores/sqlite-run-store.js';
export type { SqliteRunStoreOptions } from './stores/sqlite-run-store.js';
