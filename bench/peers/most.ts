import { filter, map, merge, multicast, newStream, runEffects, tap } from '@most/core';
import { asap, newDefaultScheduler } from '@most/scheduler';
import type { Stream } from '@most/types';
import { checksum, unorderedChecksum } from '../harness/checksum.js';
import type { Peer } from '../harness/peer.js';

/** most: streams of events, which are pushed synchronously. */
export const peer: Peer = {
  name: 'most',

  flatSync:
    ({ maps: [one, two, three], keep }) =>
    (numbers) =>
    () =>
      total(filter(keep, map(three, map(two, map(one, fromArray(numbers)))))),

  fanOut:
    ({ left, right }) =>
    (numbers) =>
    () => {
      const shared = multicast(fromArray(numbers));
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

/** most has sources of time only; this is how its documentation makes one of something else. */
function fromArray(numbers: readonly number[]): Stream<number> {
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
