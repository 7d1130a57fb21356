import { Context, Effect, Stream } from 'effect';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { Inherited, PeerWork } from '../harness/peer.js';
import type { ChildStep, Step } from '../harness/step.js';
import { Add, Double } from '../workloads/class-nodes.js';

/** What the child of an item knows: provided to its effect, as Effect's own way of a context. */
class ItemContext extends Context.Service<
  ItemContext,
  { readonly item: number; readonly inherited: Inherited | undefined }
>()('ItemContext') {}

/** Effect: streams of arrays, and per item an effect with a service of its own. */
export const peer: PeerWork = {
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

  writingChild:
    ({ Second }) =>
    (numbers) =>
    () =>
      total(
        Stream.fromArray(numbers).pipe(
          Stream.mapEffect((item) => {
            const values = new Map<string, unknown>();
            return Effect.sync(() => new Add().transform(item)).pipe(
              Effect.map((value) => new Second().transform(value, values)),
              Effect.provideService(ItemContext, { item, inherited: undefined }),
            );
          }),
        ),
      ),

  batches:
    ({ size, valueOf }) =>
    (numbers) =>
    () =>
      total(Stream.fromArray(numbers).pipe(Stream.grouped(size), Stream.map(valueOf))),

  scan: (step) => (numbers) => () =>
    total(
      Stream.fromArray(numbers).pipe(
        Stream.scan(() => 0, step),
        Stream.drop(1),
      ),
    ),

  anyShape: (steps) => (numbers) => () =>
    total(
      steps.reduce<Stream.Stream<number>>(withStep, Stream.fromIterable(numbers, { chunkSize: 1024 })),
      unorderedChecksum,
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

function total(outputs: Stream.Stream<number>, add = checksum): Promise<number> {
  return Effect.runPromise(outputs.pipe(Stream.runFold(() => 0, add)));
}

function withStep(items: Stream.Stream<number>, step: Step): Stream.Stream<number> {
  switch (step.kind) {
    case 'map':
      return Stream.map(items, step.map);
    case 'class': {
      const node = new step.Node();
      return Stream.map(items, (value) => node.transform(value));
    }
    case 'map async':
      return Stream.mapEffect(items, (value) => Effect.promise(() => step.map(value)));
    case 'map at once':
      return Stream.mapEffect(items, (value) => Effect.promise(() => step.map(value)), {
        concurrency: step.concurrency,
      });
    case 'filter':
      return Stream.filter(items, step.keep);
    case 'expand':
      return Stream.flatMap(items, (value) => Stream.fromIterable(step.expand(value)));
    case 'map or skip':
      return Stream.flatMap(items, (value) =>
        Stream.catch(
          Stream.fromEffect(Effect.try({ try: () => step.map(value), catch: (error) => error })),
          () => Stream.empty,
        ),
      );
    case 'branches':
      return Stream.unwrap(
        Stream.broadcastN(items, { n: 2, capacity: 16 }).pipe(
          Effect.map(([one, two]) => Stream.merge(Stream.map(one, step.left), Stream.map(two, step.right))),
        ),
      );
    case 'child':
      return Stream.mapEffect(items, (item) =>
        Effect.provideService(
          step.steps.reduce<Effect.Effect<number>>(withChildStep, Effect.succeed(item)),
          ItemContext,
          { item, inherited: undefined },
        ),
      );
  }
}

function withChildStep(item: Effect.Effect<number>, step: ChildStep): Effect.Effect<number> {
  switch (step.kind) {
    case 'map':
      return Effect.map(item, step.map);
    case 'class':
      return Effect.map(item, (value) => new step.Node().transform(value));
    case 'map async':
      return Effect.flatMap(item, (value) => Effect.promise(() => step.map(value)));
    case 'child':
      return step.steps.reduce(withChildStep, item);
  }
}

function level(item: number, levels: number): Effect.Effect<number> {
  const added = Effect.sync(() => new Add().transform(item));
  return Effect.provideService(
    levels === 1 ? added : Effect.flatMap(added, (value) => level(value, levels - 1)),
    ItemContext,
    { item, inherited: undefined },
  );
}
