import { checksum } from '../harness/checksum.js';
import type { Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { AsyncSteps, Peer } from '../harness/peer.js';
import { inAmbientContext } from './ambient.js';
import { heirlineRun } from './heirline-run.js';

const steps: AsyncSteps = [
  async (value) => value + 1,
  async (value) => value * 2,
  async (value) => value - 3,
];

/** Maps three times, each time by way of a promise. */
export function flatAsync(peers: readonly Peer[]): Workload[] {
  return [
    {
      name: 'flat, 3 async maps',
      items: 50_000,
      goals: { toFloor: goalOnThisNode(1.2) },
      contenders: inAmbientContext([
        { name: 'loop, await', role: 'floor', prepare: (numbers) => () => loop(numbers) },
        { name: 'heirline', role: 'heirline', prepare: run },
        ...peerContenders(peers, ({ flatAsync: prepareWith }) => prepareWith?.(steps)),
      ]),
    },
  ];
}

async function loop(numbers: readonly number[]): Promise<number> {
  let sum = 0;
  for (const number of numbers) {
    let value = number;
    for (const step of steps) value = await step(value);
    sum = checksum(sum, value);
  }
  return sum;
}

function run(source: readonly number[]): Run {
  return heirlineRun({
    source,
    describe(builder, numbers) {
      const one = builder.addTransform(steps[0], { name: 'one', from: numbers });
      const two = builder.addTransform(steps[1], { name: 'two', from: one });
      return builder.addTransform(steps[2], { name: 'three', from: two });
    },
  });
}
