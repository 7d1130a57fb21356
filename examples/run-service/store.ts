import { MemoryRunStore, type RunStore } from 'heirline';

/**
 * Where the service keeps its runs. Another store is another line: nothing else of the service changes. This one
 * forgets with its process; a durable one keeps them in the file.
 */
export const openStore = (_file: string): RunStore => new MemoryRunStore();
