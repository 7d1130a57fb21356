import type { PipelineBuilder } from '../builder/pipeline-builder.js';
import { currentHolder, runOutside } from '../context/ambient-context.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { TransformNode } from '../nodes/transform-node.js';
import { systemClock } from '../ports/clock.js';
import { RunnerCircuits } from '../resilience/runner-circuits.js';
import { allEnded } from './stages/fan-out-stage.js';
import { PlanCache } from './compiling/plan-cache.js';
import { Pull } from './passing/pull.js';
import { RunStart } from './run-start.js';
import type { RunnerParts } from './run-start.js';

/**
 * One instance of each class of objects that runs and children consist of. Keeps V8's compiled code alive.
 *
 * V8 discards compiled code when the last object of a hidden class that the code relies on is collected. An idle process
 * has no such objects, so each garbage collection would make the next run slow. The instances come from a run of the
 * engine's own, and hold no data, class or context of users.
 *
 * A Set: a variable that is never read is left out of the published code.
 */
const kept = new Set<unknown>();

let runs = 0;
let nextAt = 2;

/**
 * Counts a run.
 *
 * Makes the instances at the second run, and anew at the 20th, the 200th ..., as hidden classes change.
 */
export function noteRun(): void {
  runs += 1;
  if (runs < nextAt) return;
  nextAt *= 10;
  // Not awaited: the run of the specimens cannot fail.
  void runOutside(makeSpecimens);
}

async function makeSpecimens(): Promise<void> {
  const pulls: unknown[] = [];
  const children: unknown[] = [];
  const order = { definition: new Specimens(children), template: new PipelineContext() };
  await new RunStart(parts, order).conduct({
    refuse: () => undefined,
    drive: (plan) => ({
      receiver: undefined,
      feed: (execution) => {
        const feeds = plan.sources.map((source) => new Pull(source, execution, HANDED_IN));
        pulls.push(...feeds);
        return allEnded(feeds.map((pull) => pull.run([1])));
      },
    }),
  });
  kept.clear();
  for (const made of [...pulls, ...children]) kept.add(made);
}

/** Number of instances that are kept. */
export function specimenCount(): number {
  return kept.size;
}

const circuits = new RunnerCircuits(systemClock);

const parts: RunnerParts = {
  options: {},
  replacement: undefined,
  plans: new PlanCache(undefined, Infinity, circuits),
  circuits,
  supply: undefined,
  leaks: undefined,
  noteRun: undefined,
};

/** Origin of items that the run has not opened itself. */
const HANDED_IN = { isOpened: false, scope: undefined };

class Pass extends TransformNode<number, number> {
  override transform(item: number): number {
    return item;
  }
}

/** A child that writes to its context, as most children do, and keeps its own execution as an instance. */
class SpecimenChild {
  constructor(private readonly made: unknown[]) {}

  define(builder: PipelineBuilder<number, number>): void {
    const passed = builder.addTransform(Pass, { from: builder.addCompositeInput() });
    const write = (item: number, { items, parameters }: PipelineContext): number => {
      items.set('specimen', item);
      parameters.set('specimen', item);
      this.made.push(currentHolder());
      return item;
    };
    builder.addCompositeOutput({ from: builder.addTransform(write, { from: passed }) });
  }
}

class Specimens {
  constructor(private readonly made: unknown[]) {}

  define(builder: PipelineBuilder): void {
    const child = builder.addComposite(new SpecimenChild(this.made), { from: builder.addSource([1]) });
    builder.addSink(() => undefined, { from: child });
  }
}
