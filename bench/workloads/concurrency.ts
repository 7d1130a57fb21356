import { checksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { ConcurrentWork, Peer } from '../harness/peer.js';
import { inAmbientContext } from './ambient.js';
import { heirlineRun } from './heirline-run.js';

/** Items take 1 to 3 turns of the queue of promises, so a later one is often ready first. */
const inTurnsOfPromises: ConcurrentWork = {
  concurrency: 16,
  async map(value) {
    for (let turn = value % 3; turn > 0; turn -= 1) await Promise.resolve();
    return value * 2;
  },
};

/** Each call is answered by the event loop; those made in one of its turns are answered together. */
const bySetImmediate: ConcurrentWork = {
  concurrency: 16,
  map: (value) => new Promise((resolve) => setImmediate(resolve, value * 2)),
};

/** Works on 16 items at once; outputs keep the order of inputs. */
export function concurrency(peers: readonly Peer[]): Workload[] {
  return [
    workload('async, 16 at once, ordered', inTurnsOfPromises, peers),
    {
      ...workload('async, 16 at once, ordered, answered by setImmediate', bySetImmediate, peers),
      goals: { toFloor: goalOnThisNode(1.3) },
    },
  ];
}

function workload(name: string, work: ConcurrentWork, peers: readonly Peer[]): Workload {
  return {
    name,
    items: 50_000,
    contenders: inAmbientContext([
      { name: 'loop, ring of promises', role: 'floor', prepare: (numbers) => () => loop(work, numbers) },
      {
        // One that is rejected while others are awaited must not end the process: what a library has to see to.
        name: 'loop, ring, rejections handled',
        role: 'floor',
        prepare: (numbers) => () => loop(work, numbers, handleRejection),
      },
      { name: 'heirline', role: 'heirline', prepare: (numbers) => run(work, numbers) },
      ...peerContenders(peers, ({ concurrency: prepareWith }) => prepareWith?.(work)),
    ]),
  };
}

/** Awaits the oldest promise before its place is taken. */
async function loop(
  { map, concurrency: places }: ConcurrentWork,
  numbers: readonly number[],
  watch?: (promise: Promise<number>) => void,
): Promise<number> {
  const ring: Promise<number>[] = [];
  let sum = 0;
  let place = 0;
  for (const number of numbers) {
    const oldest = ring[place];
    if (oldest !== undefined) sum = checksum(sum, await oldest);
    const promise = map(number);
    watch?.(promise);
    ring[place] = promise;
    place = (place + 1) % places;
  }
  const waiting = [...ring.slice(place), ...ring.slice(0, place)];
  for (const promise of waiting) sum = checksum(sum, await promise);
  return sum;
}

function handleRejection(promise: Promise<number>): void {
  promise.catch(() => undefined);
}

function run({ map, concurrency: places }: ConcurrentWork, source: readonly number[]): Run {
  return heirlineRun({
    source,
    describe: (builder, from) =>
      builder.addTransform(map, { name: 'map', from, concurrency: places, ordered: true }),
  });
}
