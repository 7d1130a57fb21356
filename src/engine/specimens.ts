import type { PipelineBuilder } from '../builder/pipeline-builder.js';
import { currentHolder, runOutside } from '../context/ambient-context.js';
import { PipelineContext } from '../context/pipeline-context.js';
import { TransformNode } from '../nodes/transform-node.js';
import { allEnded } from './stages/fan-out-stage.js';
import { PlanCache } from './compiling/plan-cache.js';
import { Pull } from './passing/pull.js';
import { RunStart } from './run-start.js';
import type { RunnerParts } from './run-start.js';

/**
 * What keeps compiled code alive: one of each object that the executions of a run and of a child are made of.
 *
 * V8 throws code away once an object's hidden class that the code relies on has no instance left. While nothing runs
 * there is none, so that every garbage collection of an idle process would make its next run slow. What is kept here is
 * of a run of the engine's own: no user's data, classes or context.
 */
let kept: readonly unknown[] = [];

let runs = 0;
let nextAt = 2;

/** Counts a run. The second one, and later some more, since objects change their form, have specimens made anew. */
export function noteRun(): void {
  runs += 1;
  if (runs < nextAt) return;
  nextAt *= 10;
  // Nothing in it can fail, and nobody waits for it.
  void runOutside(makeSpecimens);
}

async function makeSpecimens(): Promise<void> {
  const pulls: unknown[] = [];
  const children: unknown[] = [];
  const order = { definition: new Specimens(children), template: new PipelineContext(), clock: undefined };
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
  kept = [...pulls, ...children];
}

/** How many objects are kept. */
export function specimenCount(): number {
  return kept.length;
}

const parts: RunnerParts = {
  options: {},
  replacement: undefined,
  plans: new PlanCache(undefined, Infinity),
  supply: undefined,
  leaks: undefined,
  noteRun: undefined,
};

/** How a source is pulled that nobody has opened. */
const HANDED_IN = { isOpened: false, scope: undefined };

class Pass extends TransformNode<number, number> {
  override transform(item: number): number {
    return item;
  }
}

/** Writes to its context, as most children do, and keeps the execution of its child. */
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
