import {
  awaitPromises,
  chain,
  filter,
  fromPromise,
  map,
  merge,
  mergeMapConcurrently,
  multicast,
  newStream,
  now,
  runEffects,
  scan,
  skip,
  tap,
} from '@most/core';
import { asap, newDefaultScheduler } from '@most/scheduler';
import type { Stream } from '@most/types';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { PeerWork } from '../harness/peer.js';
import { outputOrNothing } from '../harness/step.js';
import type { Step } from '../harness/step.js';

/** most: streams of events, which are pushed synchronously. */
export const peer: PeerWork = {
  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(filter(keep, map(three, map(two, map(one, fromIterable(numbers)))))),

  scan: (step) => (numbers) => () => total(skip(1, scan(step, 0, fromIterable(numbers)))),

  anyShape: (steps) => (numbers) => () =>
    total(steps.reduce(withStep, fromIterable(numbers)), unorderedChecksum),

  fanOut:
    ({ left, right }) =>
    (numbers) =>
    () => {
      const shared = multicast(fromIterable(numbers));
      return total(merge(map(left, shared), map(right, shared)), unorderedChecksum);
    },
};

async function total(outputs: Stream<number>, add = checksum): Promise<number> {
  let sum = 0;
  await runEffects(
    tap((output) => (sum = add(sum, output)), outputs),
    newDefaultScheduler(),
  );
  return sum;
}

function withStep(items: Stream<number>, step: Step): Stream<number> {
  switch (step.kind) {
    case 'map':
      return map(step.map, items);
    case 'class': {
      const node = new step.Node();
      return map((value) => node.transform(value), items);
    }
    case 'map async':
      return awaitPromises(map(step.map, items));
    case 'map at once':
      return mergeMapConcurrently((value) => fromPromise(step.map(value)), step.concurrency, items);
    case 'filter':
      return filter(step.keep, items);
    case 'expand':
      return chain((value) => fromIterable(step.expand(value)), items);
    case 'map or skip':
      return chain((value) => fromIterable(outputOrNothing(step.map)(value)), items);
    case 'branches': {
      const shared = multicast(items);
      return merge(map(step.left, shared), map(step.right, shared));
    }
    case 'child':
      return chain((item) => step.steps.reduce(withStep, now(item)), items);
  }
}

/** most has sources of time only; this is how its documentation makes one of something else. */
function fromIterable(numbers: Iterable<number>): Stream<number> {
  return newStream((sink, scheduler) =>
    asap(
      {
        run(time) {
          for (const number of numbers) sink.event(time, number);
          sink.end(time);
        },
        error: (time, error) => sink.error(time, error),
        dispose: () => undefined,
      },
      scheduler,
    ),
  );
}
