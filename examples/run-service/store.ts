import type { RunStore } from 'heirline';
import { sqliteRunStore } from 'heirline/sqlite';

/** Where the service keeps its runs: in a file, so that they outlive its process. Another store is another line. */
export const openStore = (path: string): RunStore => sqliteRunStore({ path });
