import { RunManager, type RunStore } from 'heirline';
import { postgresRunStore } from 'heirline/postgres';
import { sqliteRunStore } from 'heirline/sqlite';
import type { SharedStore } from './store-processes.js';
import { work } from './pipelines-by-name.js';

/** A manager that begins a run which never ends, with one that waits behind, and says so: then it is killed. */
const target = JSON.parse(process.argv[2] ?? '') as SharedStore['store'];
const store: RunStore = 'path' in target ? sqliteRunStore(target) : postgresRunStore(target);
const manager = new RunManager({ store, definitions: work, leaseMs: 300, heartbeatMs: 100, graceMs: 100 });
await manager.start('endless', { threadId: 'thread' });
await manager.start('short', { threadId: 'thread', strategy: 'enqueue', context: { parameters: { n: 7n } } });
console.log('in the middle');
