// An interpreter of programs by the rules alone: one item after the other, each as far as it goes, with plain loops.
// It shares nothing with the engine. Where a rule leaves something open, it says so (`doubts`, `openCounts`).
import { wrongNumber } from './fuzz-model-children.js';
import { ModelExecution } from './fuzz-model-execution.js';
import { drawGraph } from './fuzz-model-graph.js';
import { itemsOf, ModelRun } from './fuzz-model-run.js';
import { hasStatefulMix } from './fuzz-order.js';
import { isSubPipeline, type Item, type Program } from './fuzz-program.js';

/** Interprets a program. */
export function interpret(program: Program): ModelRun {
  const run = new ModelRun(program);
  const { root } = program;
  for (const doubt of hasStatefulMix(program)) run.doubts.add(doubt);
  const outlet = isSubPipeline(program)
    ? { take: (item: Item) => void run.outputs.push(item), isLeft: () => false }
    : undefined;
  const execution = new ModelExecution(run, root, 'root', undefined, false, outlet, drawGraph);
  execution.runSources();
  const { input } = execution;
  if (input !== undefined && program.entry === 'stream') execution.runSource(program.input, input);
  if (input !== undefined && program.entry === 'runItem') {
    const [item = { value: 1, way: 'root/input' }] = itemsOf(program.input, 'root/input');
    if (!execution.isHalted) input.push(item);
    input.end();
    const output = run.outputs.length;
    const failure = wrongNumber(program.output, output, false, 'root');
    if (failure !== undefined) execution.fail(failure);
  }
  execution.close();
  run.failure = execution.failure;
  if (run.isCancelled && execution.overlaps) run.doubts.add('a cancel where work overlaps');
  return run;
}
