import { unorderedChecksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { FanOutSteps, Peer } from '../harness/peer.js';
import { heirlineRun } from './heirline-run.js';

const steps: FanOutSteps = { left: (value) => value + 1, right: (value) => value * 2 };

/** Gives each item to two branches and merges what they make of it; peers may merge in another order. */
export function fanOut(peers: readonly Peer[]): Workload[] {
  return [
    {
      name: 'fan-out to 2 and merge',
      items: 200_000,
      goals: { toBestPeer: goalOnThisNode(1) },
      contenders: [
        { name: 'loop', role: 'floor', prepare: (numbers) => () => loop(numbers) },
        { name: 'heirline', role: 'heirline', prepare: run },
        ...peerContenders(peers, ({ fanOut: prepareWith }) => prepareWith?.(steps)),
      ],
    },
  ];
}

function loop(numbers: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < numbers.length; index += 1) {
    const number = numbers[index] ?? Number.NaN;
    sum = unorderedChecksum(sum, steps.left(number));
    sum = unorderedChecksum(sum, steps.right(number));
  }
  return sum;
}

function run(source: readonly number[]): Run {
  return heirlineRun({
    source,
    add: unorderedChecksum,
    describe(builder, from) {
      const left = builder.addTransform(steps.left, { name: 'left', from });
      const right = builder.addTransform(steps.right, { name: 'right', from });
      const merge = builder.addTransform((value: number) => value, { name: 'merge', from: left });
      builder.connect(right, merge);
      return merge;
    },
  });
}
