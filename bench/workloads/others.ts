import { errorPolicy, SKIP } from 'heirline';
import type { OutputHandle, PipelineBuilder, PipelineDefinition } from 'heirline';
import { unorderedChecksum } from '../harness/checksum.js';
import type { Run } from '../harness/contender.js';
import { numbersFor } from '../harness/measure-times.js';
import type { Peer } from '../harness/peer.js';
import { outputOrNothing } from '../harness/step.js';
import type { ChildStep, Step } from '../harness/step.js';
import { heirlineRun } from './heirline-run.js';
import { otherShapes } from './other-shapes.js';

/** More than compile whatever compiles itself after some use. */
const ITEMS = 40_000;
const ITEMS_PER_RUN = 2_000;
/** For each pipeline: who is slow gets fewer items. */
const MOST_MS = 150;

/** The pipelines stay, as those of a service do. */
const others: Run[] = [];

/**
 * Runs 20 other pipelines of heirline, and 20 of each peer, in this process.
 *
 * @throws Error when one does not give what a loop by hand gives.
 */
export async function runOthers(peers: readonly Peer[]): Promise<void> {
  const numbers = numbersFor(ITEMS_PER_RUN);
  for (const [index, steps] of otherShapes.entries()) {
    const expected = await sumByHand(steps, numbers);
    const source = index % 2 === 0 ? numbers : generated(numbers);
    const runs = [
      ['heirline', heirlineOf(steps, source)] as const,
      ...peers.map(({ name, anyShape }) => [name, anyShape?.(steps)(source)] as const),
    ];
    for (const [name, run] of runs) {
      if (run === undefined) continue;
      await repeat(run, expected, `${name}, other pipeline ${index}`);
      others.push(run);
    }
  }
}

async function repeat(run: Run, expected: number, name: string): Promise<void> {
  const end = performance.now() + MOST_MS;
  for (let items = 0; items < ITEMS && performance.now() < end; items += ITEMS_PER_RUN) {
    const sum = await run();
    if (sum !== expected) throw new Error(`${name}: computed ${String(sum)} instead of ${String(expected)}`);
  }
}

/** The numbers from a generator, anew each time they are iterated. */
function generated(numbers: readonly number[]): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      yield* numbers;
    },
  };
}

async function sumByHand(steps: readonly Step[], numbers: readonly number[]): Promise<number> {
  let values = [...numbers];
  for (const step of steps)
    values = (await Promise.all(values.map((value) => outputsOf(step, value)))).flat();
  return values.reduce(unorderedChecksum, 0);
}

async function outputsOf(step: Step, value: number): Promise<number[]> {
  switch (step.kind) {
    case 'map':
      return [step.map(value)];
    case 'class':
      return [new step.Node().transform(value)];
    case 'map async':
    case 'map at once':
      return [await step.map(value)];
    case 'filter':
      return step.keep(value) ? [value] : [];
    case 'expand':
      return [...step.expand(value)];
    case 'map or skip':
      return [...outputOrNothing(step.map)(value)];
    case 'branches':
      return [step.left(value), step.right(value)];
    case 'child': {
      let output = value;
      for (const inner of step.steps) output = (await outputsOf(inner, output))[0] ?? Number.NaN;
      return [output];
    }
  }
}

type From = OutputHandle<number>;

function heirlineOf(steps: readonly Step[], source: Iterable<number>): Run {
  return heirlineRun({
    source,
    add: unorderedChecksum,
    describe: (builder, numbers) =>
      steps.reduce((from, step, index) => addStep(builder, step, from, `step-${index}`), numbers),
  });
}

function addStep(builder: PipelineBuilder, step: Step, from: From, name: string): From {
  switch (step.kind) {
    case 'map at once':
      return builder.addTransform(step.map, { name, from, concurrency: step.concurrency });
    case 'filter':
      return builder.addTransform((value: number) => (step.keep(value) ? value : SKIP), { name, from });
    case 'expand':
      return builder.addStreamTransform(expandAll(step.expand), { name, from });
    case 'map or skip':
      return builder.addTransform(step.map, {
        name,
        from,
        errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }),
      });
    case 'branches': {
      const merged = builder.addTransform((value: number) => value, {
        name,
        from: builder.addTransform(step.left, { name: `${name}-left`, from }),
      });
      builder.connect(builder.addTransform(step.right, { name: `${name}-right`, from }), merged);
      return merged;
    }
    default:
      return addChildStep(builder, step, from, name);
  }
}

function expandAll(expand: (value: number) => Iterable<number>) {
  return async function* (values: AsyncIterable<number>): AsyncGenerator<number, void, undefined> {
    for await (const value of values) yield* expand(value);
  };
}

type AddsNodes = Pick<PipelineBuilder<number, number>, 'addTransform' | 'addComposite'>;

function addChildStep(builder: AddsNodes, step: ChildStep, from: From, name: string): From {
  switch (step.kind) {
    case 'class':
      return builder.addTransform(step.Node, { name, from });
    case 'child':
      return builder.addComposite(new Child(step.steps), { name, from });
    default:
      return builder.addTransform<number, number>(step.map, { name, from });
  }
}

class Child implements PipelineDefinition<number, number> {
  readonly #steps: readonly ChildStep[];

  constructor(steps: readonly ChildStep[]) {
    this.#steps = steps;
  }

  define(builder: PipelineBuilder<number, number>): void {
    const input: From = builder.addCompositeInput();
    const from = this.#steps.reduce(
      (before, step, index) => addChildStep(builder, step, before, `step-${index}`),
      input,
    );
    builder.addCompositeOutput({ from });
  }
}
