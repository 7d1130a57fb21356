import { Context, Effect, Stream } from 'effect';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { Inherited, Peer } from '../harness/peer.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** What the child of an item knows: provided to its effect, as Effect's own way of a context. */
class ItemContext extends Context.Service<
  ItemContext,
  { readonly item: number; readonly inherited: Inherited | undefined }
>()('ItemContext') {}

/** Effect: streams of arrays, and per item an effect with a service of its own. */
export const peer: Peer = {
  name: 'Effect',

  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(
        Stream.fromArray(numbers).pipe(
          Stream.map(one),
          Stream.map(two),
          Stream.map(three),
          Stream.filter(keep),
        ),
      ),

  flatAsync:
    ([one, two, three]) =>
    (numbers) =>
    () =>
      total(
        Stream.fromArray(numbers).pipe(
          Stream.mapEffect((value) => Effect.promise(() => one(value))),
          Stream.mapEffect((value) => Effect.promise(() => two(value))),
          Stream.mapEffect((value) => Effect.promise(() => three(value))),
        ),
      ),

  concurrency:
    ({ map, concurrency }) =>
    (numbers) =>
    () =>
      total(
        Stream.fromArray(numbers).pipe(
          Stream.mapEffect((value) => Effect.promise(() => map(value)), { concurrency }),
        ),
      ),

  composite:
    ({ inherited }) =>
    (numbers) =>
    () =>
      total(
        Stream.fromArray(numbers).pipe(
          Stream.mapEffect((item) =>
            Effect.sync(() => new Add().transform(item)).pipe(
              Effect.map((value) => new Double().transform(value)),
              Effect.provideService(ItemContext, { item, inherited }),
            ),
          ),
        ),
      ),

  depth: (levels) => (numbers) => () =>
    total(Stream.fromArray(numbers).pipe(Stream.mapEffect((item) => level(item, levels)))),

  fanOut:
    ({ left, right }) =>
    (numbers) =>
    () =>
      Effect.runPromise(
        Effect.scoped(
          Stream.fromIterable(numbers, { chunkSize: 1024 }).pipe(
            Stream.broadcastN({ n: 2, capacity: 16 }),
            Effect.flatMap(([one, two]) =>
              Stream.merge(one.pipe(Stream.map(left)), two.pipe(Stream.map(right))).pipe(
                Stream.runFold(() => 0, unorderedChecksum),
              ),
            ),
          ),
        ),
      ),
};

function total(outputs: Stream.Stream<number>): Promise<number> {
  return Effect.runPromise(outputs.pipe(Stream.runFold(() => 0, checksum)));
}

function level(item: number, levels: number): Effect.Effect<number> {
  const added = Effect.sync(() => new Add().transform(item));
  return Effect.provideService(
    levels === 1 ? added : Effect.flatMap(added, (value) => level(value, levels - 1)),
    ItemContext,
    { item, inherited: undefined },
  );
}
