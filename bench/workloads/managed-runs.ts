import { PipelineRunner, RunManager } from 'heirline';
import type { PipelineBuilder, PipelineDefinition, RunStore } from 'heirline';
import type { Run, Workload } from '../harness/contender.js';
import { measurementOf } from '../harness/report.js';
import type { Figure, WorkloadReport } from '../harness/report.js';
import type { Write } from './raw-writes.js';

/** A store, and what the library below it takes for three prepared writes. */
export interface MeasuredStore {
  /** As figures name it, such as `memory`. */
  readonly name: string;
  readonly create: () => RunStore;
  /** Whether what is stored outlives the process: only then is writing what a run costs. */
  readonly isDurable: boolean;
  /** Writes one row three times. */
  readonly write: Write;
}

const RUNS = 200;
const AT_ONCE = 50;

const bare = 'runner.run';
const managed = 'manager.start, result';
const inThread = 'manager.start on a thread, result';
const atOnce = `manager.start, result, ${String(AT_ONCE)} at once`;
const byHand = 'three prepared writes';

/** Two nodes: what a run costs is the run's own. */
class Small implements PipelineDefinition {
  define(builder: PipelineBuilder): void {
    builder.addSink(() => undefined, { name: 'sink', from: builder.addSource([1, 2, 3], 'numbers') });
  }
}

let made = 0;

/** A number that no other call gets. */
function unique(): string {
  made += 1;
  return String(made);
}

/** The same run by a runner alone, and by a manager over a store; beside them what is written at least. */
export function managedRuns({ name, create, write }: MeasuredStore): Workload {
  const runner = new PipelineRunner();
  const manager = new RunManager({ runner, store: create() });
  const run = async (threadId?: string): Promise<unknown> => {
    const handle = await manager.start(Small, threadId === undefined ? {} : { threadId });
    return await handle.result;
  };
  return {
    name: workloadName(name),
    items: RUNS,
    isFixed: true,
    allocation: false,
    contenders: [
      { name: bare, role: 'floor', prepare: () => repeated(() => runner.run(Small, {})) },
      {
        name: byHand,
        role: 'peer',
        prepare: () => repeated(() => write(`by-hand-${process.pid}-${unique()}`)),
      },
      { name: managed, role: 'heirline', prepare: () => repeated(() => run()) },
      { name: inThread, role: 'heirline', prepare: () => repeated(() => run(unique())) },
      { name: atOnce, role: 'heirline', prepare: () => together(() => run()) },
    ],
  };
}

/** What a manager adds to a run, in microseconds, and how many times what three prepared writes take. */
export function overheadFigures(
  reports: readonly WorkloadReport[],
  { name, isDurable }: MeasuredStore,
): Figure[] {
  const least = (contender: string): number =>
    Math.min(...measurementOf(reports, workloadName(name), contender).samples);
  return [managed, inThread, atOnce].flatMap((contender) => {
    const added = least(contender) - least(bare);
    const subject = `${name}: ${contender}, beyond ${bare}`;
    const note = 'the fastest rounds';
    const figure = { name: subject, value: added / 1000, unit: 'µs', note };
    if (!isDurable) return [figure];
    return [figure, { name: `${subject}, to ${byHand}`, value: added / least(byHand), unit: '×', note }];
  });
}

function workloadName(name: string): string {
  return `a managed run: ${name}`;
}

function repeated(work: () => unknown): Run {
  return async () => {
    for (let time = 0; time < RUNS; time += 1) await work();
    return RUNS;
  };
}

function together(work: () => Promise<unknown>): Run {
  return async () => {
    for (let time = 0; time < RUNS; time += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, work));
    return RUNS;
  };
}
