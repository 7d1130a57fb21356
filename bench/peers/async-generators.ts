import { checksum } from '../harness/checksum.js';
import type { Peer } from '../harness/peer.js';
import { storage } from '../workloads/ambient.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** Async generators, one around the other: what the language itself offers. */
export const peer: Peer = {
  name: 'async generators',

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

async function total(outputs: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const output of outputs) sum = checksum(sum, output);
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
