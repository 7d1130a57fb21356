import { MemoryRunStore, type RunStore } from 'heirline';

/** Where the service keeps its runs. Another store is another line: nothing else of the service changes. */
export const openStore = (): RunStore => new MemoryRunStore();
