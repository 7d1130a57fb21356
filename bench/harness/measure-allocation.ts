import { PerformanceObserver } from 'node:perf_hooks';
import type { Contender, Workload } from './contender.js';
import { numbersFor } from './measure-times.js';
import { median } from './statistics.js';

const FEW_ITEMS = 500;
const WARM_UP_MS = 300;
const WINDOWS = 5;
/** Of the semi-space, so that no window ever fills it. */
const WINDOW_BYTES = 64 * 1024 * 1024;

/**
 * Measures how many bytes a contender allocates per item, null when a collection disturbed it.
 *
 * The difference between runs over more and over fewer items, so what a run costs as such cancels out. Needs
 * `--expose-gc` and a semi-space that takes all that is allocated.
 */
export async function measureAllocation({ items }: Workload, contender: Contender): Promise<number | null> {
  const most = Math.max(FEW_ITEMS * 4, Math.round(items * (contender.share ?? 1)));
  await warmUp(contender, most);
  const estimate = (await allocatedBy(contender, FEW_ITEMS * 4)) / (FEW_ITEMS * 4);
  const many = Math.min(most, Math.max(FEW_ITEMS * 4, Math.floor(WINDOW_BYTES / Math.max(estimate, 1))));

  const windows: number[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const few = await allocatedBy(contender, FEW_ITEMS);
    windows.push(((await allocatedBy(contender, many)) - few) / (many - FEW_ITEMS));
  }
  const undisturbed = windows.filter((bytes) => !Number.isNaN(bytes));
  return undisturbed.length === 0 ? null : Math.max(0, median(undisturbed));
}

async function warmUp({ prepare }: Contender, items: number): Promise<void> {
  const run = prepare(numbersFor(items));
  const end = performance.now() + WARM_UP_MS;
  let runs = 0;
  while (runs < 3 || performance.now() < end) {
    await run();
    runs += 1;
  }
}

/** The bytes that one run allocates; NaN when a collection took some of them. */
async function allocatedBy({ prepare }: Contender, items: number): Promise<number> {
  const run = prepare(numbersFor(items));
  await run();
  globalThis.gc?.();
  const collections = watchCollections();
  const before = process.memoryUsage().heapUsed;
  await run();
  const after = process.memoryUsage().heapUsed;
  return (await collections.happened()) ? Number.NaN : after - before;
}

/** Tells whether anything was collected since. */
function watchCollections(): { readonly happened: () => Promise<boolean> } {
  const start = performance.now();
  let count = 0;
  const note = (entries: readonly { readonly startTime: number }[]): void => {
    count += entries.filter(({ startTime }) => startTime >= start).length;
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    async happened() {
      await new Promise((resolve) => setImmediate(resolve)); // entries are queued in a task of their own
      await new Promise((resolve) => setImmediate(resolve));
      note(observer.takeRecords());
      observer.disconnect();
      return count > 0;
    },
  };
}
