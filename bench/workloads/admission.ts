import { RunManager } from 'heirline';
import type { PipelineBuilder, PipelineDefinition } from 'heirline';
import type { Figure } from '../harness/report.js';
import type { MeasuredStore } from './managed-runs.js';

const STARTS = 500;
const ROUNDS = 5;
const RUNS = 10_000;
/** What is compiled and cached in the first runs is no growth. */
const WARM_UP_RUNS = 3000;

class Small implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1, 2, 3], 'numbers') });
  }
}

/** How many starts a manager answers in a second: of runs that begin, each on its thread, and of those that it refuses. */
export async function admissionFigures({ name, create }: MeasuredStore): Promise<Figure[]> {
  const manager = new RunManager({ store: create() });
  const perSecond = async (start: () => Promise<unknown>): Promise<number> => {
    let best = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const begun = performance.now();
      await Promise.all(Array.from({ length: STARTS }, start));
      best = Math.max(best, (STARTS * 1000) / (performance.now() - begun));
    }
    return best;
  };
  let threads = 0;
  const admitted = await perSecond(() => manager.start(Small, { threadId: `thread-${(threads += 1)}` }));

  const { definition, end } = heldRun();
  const held = await manager.start(definition, { threadId: 'one' });
  const refused = await perSecond(() => manager.start(Small, { threadId: 'one' }).catch(() => undefined));
  end();
  await held.result;
  await manager.close();
  return [
    { name: `${name}: starts on threads of their own`, value: admitted, unit: 'a second' },
    { name: `${name}: starts refused on one thread`, value: refused, unit: 'a second' },
  ];
}

/** What 10,000 runs leave on the heap of a manager that keeps 1,000. */
export async function memoryFigures(): Promise<Figure[]> {
  const manager = new RunManager({ memoryCap: 1000 });
  const heapAfter = async (runs: number): Promise<number> => {
    for (let run = 0; run < runs; run += 1) await (await manager.start(Small)).result;
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(WARM_UP_RUNS);
  const growth = (await heapAfter(RUNS)) - before;
  await manager.close();
  const name = `memory: growth of the heap in ${RUNS.toLocaleString('en')} runs, of which 1,000 are kept`;
  return [{ name, value: growth / 1024, unit: 'kB' }];
}

/** A pipeline that goes on until it is told to end. */
function heldRun() {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  class Held implements PipelineDefinition {
    define(builder: PipelineBuilder): void {
      builder.addSink(() => ended, { name: 'sink', from: builder.addSource([1], 'numbers') });
    }
  }
  return { definition: Held, end };
}
