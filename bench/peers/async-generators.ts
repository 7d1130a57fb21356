import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import { outputOrNothing } from '../harness/step.js';
import type { Step } from '../harness/step.js';
import { storage } from '../workloads/ambient.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** Async generators, one around the other: what the language itself offers. */
export const peer: PeerWork = {
  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(filter(map(map(map(numbers, one), two), three), keep)),

  flatAsync:
    ([one, two, three]) =>
    (numbers) =>
    () =>
      total(map(map(map(numbers, one), two), three)),

  concurrency:
    ({ map: work, concurrency }) =>
    (numbers) =>
    () =>
      total(mapAtOnce(numbers, work, concurrency)),

  composite:
    ({ inherited }) =>
    (numbers) =>
    () =>
      total(
        map(numbers, (item) =>
          storage.run({ item, inherited }, async () => {
            const add = new Add();
            const double = new Double();
            const child = map(
              map([item], (value) => add.transform(value)),
              (value) => double.transform(value),
            );
            return await only(child);
          }),
        ),
      ),

  writingChild:
    ({ Second }) =>
    (numbers) =>
    () =>
      total(
        map(numbers, (item) => {
          const values = new Map<string, unknown>();
          return storage.run(values, async () => {
            const add = new Add();
            const second = new Second();
            const child = map(
              map([item], (value) => add.transform(value)),
              (value) => second.transform(value, values),
            );
            return await only(child);
          });
        }),
      ),

  anyShape: (steps) => (numbers) => () =>
    total(
      steps.reduce<AsyncIterable<number>>(
        withStep,
        expand(numbers, (number) => [number]),
      ),
      unorderedChecksum,
    ),

  depth: (levels) => (numbers) => () => total(map(numbers, (item) => only(level(item, levels)))),
};

async function* map(
  items: Iterable<number> | AsyncIterable<number>,
  change: (item: number) => number | Promise<number>,
): AsyncGenerator<number, void, undefined> {
  for await (const item of items) yield change(item);
}

async function* filter(
  items: AsyncIterable<number>,
  keep: (item: number) => boolean,
): AsyncGenerator<number, void, undefined> {
  for await (const item of items) if (keep(item)) yield item;
}

async function* mapAtOnce(
  items: Iterable<number>,
  change: (item: number) => Promise<number>,
  concurrency: number,
): AsyncGenerator<number, void, undefined> {
  const waiting: Promise<number>[] = [];
  for (const item of items) {
    waiting.push(change(item));
    const oldest = waiting.length < concurrency ? undefined : waiting.shift();
    if (oldest !== undefined) yield oldest;
  }
  yield* waiting;
}

/** The same for items that are awaited, which costs more. */
async function* mapAwaitedAtOnce(
  items: AsyncIterable<number>,
  change: (item: number) => Promise<number>,
  concurrency: number,
): AsyncGenerator<number, void, undefined> {
  const waiting: Promise<number>[] = [];
  for await (const item of items) {
    waiting.push(change(item));
    const oldest = waiting.length < concurrency ? undefined : waiting.shift();
    if (oldest !== undefined) yield oldest;
  }
  yield* waiting;
}

async function* expand(
  items: Iterable<number> | AsyncIterable<number>,
  change: (item: number) => Iterable<number>,
): AsyncGenerator<number, void, undefined> {
  for await (const item of items) yield* change(item);
}

function withStep(items: AsyncIterable<number>, step: Step): AsyncIterable<number> {
  switch (step.kind) {
    case 'map':
    case 'map async':
      return map(items, step.map);
    case 'class': {
      const node = new step.Node();
      return map(items, (value) => node.transform(value));
    }
    case 'map at once':
      return mapAwaitedAtOnce(items, step.map, step.concurrency);
    case 'filter':
      return filter(items, step.keep);
    case 'expand':
      return expand(items, step.expand);
    case 'map or skip':
      return expand(items, outputOrNothing(step.map));
    case 'branches':
      return expand(items, (value) => [step.left(value), step.right(value)]);
    case 'child':
      return map(items, (item) =>
        storage.run({ item }, () =>
          only(
            step.steps.reduce(
              withStep,
              expand([item], (value) => [value]),
            ),
          ),
        ),
      );
  }
}

async function total(outputs: AsyncIterable<number>, add = checksum): Promise<number> {
  let sum = 0;
  for await (const output of outputs) sum = add(sum, output);
  return sum;
}

async function only(outputs: AsyncIterable<number>): Promise<number> {
  for await (const output of outputs) return output;
  throw new Error('A child without an output');
}

function level(item: number, levels: number): AsyncIterable<number> {
  const add = new Add();
  const added = map([item], (value) => add.transform(value));
  return levels === 1 ? added : map(added, (value) => only(level(value, levels - 1)));
}
