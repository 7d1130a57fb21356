import { from as fromAsync } from 'ix/asynciterable';
import { map as mapAsync } from 'ix/asynciterable/operators';
import { from, of } from 'ix/iterable';
import { filter, flatMap, map } from 'ix/iterable/operators';
import { checksum } from '../harness/checksum.js';
import type { Peer } from '../harness/peer.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** IxJS: iterables for what has no promise, async iterables for the rest. */
export const peer: Peer = {
  name: 'ix',

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

  depth: (levels) => (numbers) => () => total(from(numbers).pipe(flatMap((item) => level(item, levels)))),
};

function total(outputs: Iterable<number>): number {
  let sum = 0;
  for (const output of outputs) sum = checksum(sum, output);
  return sum;
}

function level(item: number, levels: number): Iterable<number> {
  const add = new Add();
  const added = of(item).pipe(map((value) => add.transform(value)));
  return levels === 1 ? added : added.pipe(flatMap((value) => level(value, levels - 1)));
}
