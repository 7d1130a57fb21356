import { from as fromAsync } from 'ix/asynciterable';
import type { AsyncIterableX } from 'ix/asynciterable';
import { filter as filterAsync, flatMap as flatMapAsync, map as mapAsync } from 'ix/asynciterable/operators';
import { from, of } from 'ix/iterable';
import type { IterableX } from 'ix/iterable';
import { buffer, filter, flatMap, map, scan } from 'ix/iterable/operators';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import { outputOrNothing } from '../harness/step.js';
import type { Step } from '../harness/step.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** IxJS: iterables for what has no promise, async iterables for the rest. */
export const peer: PeerWork = {
  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(from(numbers).pipe(map(one), map(two), map(three), filter(keep))),

  flatAsync:
    ([one, two, three]) =>
    (numbers) =>
    async () => {
      let sum = 0;
      const outputs = fromAsync(numbers).pipe(mapAsync(one), mapAsync(two), mapAsync(three));
      for await (const output of outputs) sum = checksum(sum, output);
      return sum;
    },

  composite:
    ({ inherited }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(
          flatMap((item) => {
            const context = { item, inherited };
            const add = new Add();
            const double = new Double();
            return of(context.item).pipe(
              map((value) => add.transform(value)),
              map((value) => double.transform(value)),
            );
          }),
        ),
      ),

  writingChild:
    ({ Second }) =>
    (numbers) =>
    () =>
      total(
        from(numbers).pipe(
          flatMap((item) => {
            const values = new Map<string, unknown>();
            const add = new Add();
            const second = new Second();
            return of(item).pipe(
              map((value) => add.transform(value)),
              map((value) => second.transform(value, values)),
            );
          }),
        ),
      ),

  batches:
    ({ size, valueOf }) =>
    (numbers) =>
    () =>
      total(from(numbers).pipe(buffer(size), map(valueOf))),

  scan: (step) => (numbers) => () => total(from(numbers).pipe(scan({ seed: 0, callback: step }))),

  anyShape: (steps) => (numbers) =>
    steps.some(isAsync)
      ? () => totalAsync(steps.reduce(withAsyncStep, fromAsync(numbers)))
      : () => total(steps.reduce(withStep, from(numbers)), unorderedChecksum),

  depth: (levels) => (numbers) => () => total(from(numbers).pipe(flatMap((item) => level(item, levels)))),
};

function total(outputs: Iterable<number>, add = checksum): number {
  let sum = 0;
  for (const output of outputs) sum = add(sum, output);
  return sum;
}

async function totalAsync(outputs: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const output of outputs) sum = unorderedChecksum(sum, output);
  return sum;
}

function isAsync(step: Step): boolean {
  if (step.kind === 'child') return step.steps.some(isAsync);
  return step.kind === 'map async' || step.kind === 'map at once';
}

function withStep(items: IterableX<number>, step: Step): IterableX<number> {
  switch (step.kind) {
    case 'map':
      return items.pipe(map(step.map));
    case 'class': {
      const node = new step.Node();
      return items.pipe(map((value) => node.transform(value)));
    }
    case 'filter':
      return items.pipe(filter(step.keep));
    case 'expand':
      return items.pipe(flatMap(step.expand));
    case 'map or skip':
      return items.pipe(flatMap(outputOrNothing(step.map)));
    case 'branches':
      return items.pipe(flatMap((value) => [step.left(value), step.right(value)]));
    case 'child':
      return items.pipe(flatMap((item) => step.steps.reduce(withStep, from([item]))));
    default:
      throw new Error(`An iterable cannot ${step.kind}`);
  }
}

function withAsyncStep(items: AsyncIterableX<number>, step: Step): AsyncIterableX<number> {
  switch (step.kind) {
    case 'map':
    case 'map async':
      return items.pipe(mapAsync(step.map));
    case 'class': {
      const node = new step.Node();
      return items.pipe(mapAsync((value) => node.transform(value)));
    }
    case 'map at once':
      return items.pipe(
        flatMapAsync((value) => fromAsync([value]).pipe(mapAsync(step.map)), step.concurrency),
      );
    case 'filter':
      return items.pipe(filterAsync(step.keep));
    case 'expand':
      return items.pipe(flatMapAsync((value) => fromAsync(step.expand(value))));
    case 'map or skip':
      return items.pipe(flatMapAsync((value) => fromAsync(outputOrNothing(step.map)(value))));
    case 'branches':
      return items.pipe(flatMapAsync((value) => fromAsync([step.left(value), step.right(value)])));
    case 'child':
      return items.pipe(flatMapAsync((item) => step.steps.reduce(withAsyncStep, fromAsync([item]))));
  }
}

function level(item: number, levels: number): Iterable<number> {
  const add = new Add();
  const added = of(item).pipe(map((value) => add.transform(value)));
  return levels === 1 ? added : added.pipe(flatMap((value) => level(value, levels - 1)));
}
