const SAMPLES = 20;
/** What is compiled and cached in the first part is no growth. */
const WARM_UP_SAMPLES = 5;

/** What the heap did while items passed. */
export interface HeapGrowth {
  /** Bytes between the end of the warm-up and the largest heap after it; not below 0. */
  readonly growth: number;
  readonly largest: number;
  readonly nsPerItem: number;
}

/**
 * Measures how the live heap grows while a source gives items, in a process of which nothing else is asked.
 *
 * Needs `--expose-gc`: each sample is taken after a collection, which is not counted as time of the items.
 */
export async function measureHeapGrowth(
  items: number,
  consume: (source: Iterable<number>) => Promise<unknown>,
): Promise<HeapGrowth> {
  const heap: number[] = [];
  let collectingMs = 0;
  const sample = (): void => {
    const start = performance.now();
    globalThis.gc?.();
    heap.push(process.memoryUsage().heapUsed);
    collectingMs += performance.now() - start;
  };
  function* numbers(): Generator<number> {
    const step = Math.max(1, Math.floor(items / SAMPLES));
    for (let item = 0; item < items; item += 1) {
      if (item % step === 0) sample();
      yield item & 0xffff;
    }
  }

  const start = performance.now();
  await consume({ [Symbol.iterator]: numbers });
  const tookMs = performance.now() - start - collectingMs;
  const [base = 0, ...later] = heap.slice(WARM_UP_SAMPLES);
  const largest = Math.max(base, ...later);
  return { growth: largest - base, largest, nsPerItem: (tookMs * 1e6) / items };
}
