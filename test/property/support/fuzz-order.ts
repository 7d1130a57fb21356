// What in a program may happen in more than one order.
import { somePipe, someStep, type Pipe, type Program, type Source, type Step } from './fuzz-program.js';

const known = new WeakMap<Pipe, boolean>();

/** Whether anything in a pipeline, or in a child of it, may overlap in time. */
export function overlapsIn(pipe: Pipe): boolean {
  const answer =
    known.get(pipe) ??
    (pipe.sources.length > 1 ||
      (pipe.sink.kind === 'sink' && pipe.sink.lanes > 1) ||
      someStep(pipe.steps, (step) => {
        if (step.kind === 'branches') return true;
        if (step.kind === 'child') return step.lanes > 1 || step.pipe.sources.length > 0;
        return step.kind === 'work' && step.lanes > 1;
      }));
  known.set(pipe, answer);
  return answer;
}

/** Whether outputs of one way may overtake one another. */
export function isUnordered(program: Program): boolean {
  return someStep(
    program.root.steps,
    (step) => (step.kind === 'work' || step.kind === 'child') && step.lanes > 1 && !step.ordered,
  );
}

/** Names the steps whose work depends on an order that is not promised. */
export function hasStatefulMix(program: Program): string[] {
  const { root, entry, output } = program;
  const inputs = root.sources.length + (entry === 'run' ? 0 : 1);
  const found: string[] = [];
  const inOrder = follow(root, inputs <= 1, found);
  if (!inOrder && entry === 'runItem' && (output === 'first' || output === 'last'))
    found.push(`'${output}' of outputs in no promised order`);
  return found;
}

/** Follows one pipeline with a stream in one order, or not; tells whether what leaves it is in one order. */
function follow(pipe: Pipe, comesInOrder: boolean, found: string[]): boolean {
  return followSteps(pipe.steps, comesInOrder, found);
}

function followSteps(steps: readonly Step[], comesInOrder: boolean, found: string[]): boolean {
  let inOrder = comesInOrder;
  for (const step of steps) inOrder = followStep(step, inOrder, found);
  return inOrder;
}

function followStep(step: Step, inOrder: boolean, found: string[]): boolean {
  switch (step.kind) {
    case 'work':
      return inOrder && (step.lanes === 1 || step.ordered);
    case 'stream':
      if (!inOrder && step.op.type !== 'filter' && step.op.type !== 'repeat')
        found.push(`'${step.op.type}' of items in no promised order`);
      return inOrder;
    case 'branches': {
      let going = 0;
      let allInOrder = true;
      for (const { steps, sink } of step.branches) {
        const branchInOrder = followSteps(steps, inOrder, found);
        if (sink !== undefined) continue;
        going += 1;
        allInOrder &&= branchInOrder;
      }
      return allInOrder && going <= 1;
    }
    case 'child': {
      const isStream = step.granularity === 'stream';
      const comesIn = step.pipe.sources.length === 0 && (isStream ? inOrder : true);
      const within = follow(step.pipe, comesIn, found);
      const chooses = step.output === 'first' || step.output === 'last';
      if (!within && chooses) found.push(`'${step.output}' of outputs in no promised order`);
      if (isStream) return within;
      return inOrder && (within || step.output !== 'many') && (step.lanes === 1 || step.ordered);
    }
  }
}

/** Whether a source of the program may wait for ever. */
export function hasWaiting(program: Program): boolean {
  const waits = ({ then }: Source): boolean => then === 'wait';
  return (
    somePipe(program.root, ({ sources }) => sources.some(waits)) ||
    (program.entry === 'stream' && waits(program.input))
  );
}

/** Whether calls of the program may run into limits, so that a slow machine could change what happens. */
export function hasLimits(program: Program): boolean {
  const { sink } = program.root;
  return (
    (sink.kind === 'sink' && sink.limitMs > 0) ||
    someStep(
      program.root.steps,
      (step) =>
        (step.kind === 'work' && step.limitMs > 0) ||
        (step.kind === 'child' && step.limitMs > 0) ||
        (step.kind === 'branches' &&
          step.branches.some((branch) => branch.sink?.kind === 'sink' && branch.sink.limitMs > 0)),
    )
  );
}
