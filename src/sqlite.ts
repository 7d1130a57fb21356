export type { SqliteOptions } from './stores/open-sqlite.js';
export { sqliteDeadLetterSink } from './stores/sqlite-dead-letter-sink.js';
export type { SqliteDeadLetterSinkOptions } from './stores/sqlite-dead-letter-sink.js';
export { sqliteRunStore } from './stores/sqlite-run-store.js';
