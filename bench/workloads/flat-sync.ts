import { SKIP } from 'heirline';
import type { Skip } from 'heirline';
import { checksum } from '../harness/checksum.js';
import type { Contender, Run, Workload } from '../harness/contender.js';
import { goalOnThisNode } from '../harness/goals.js';
import type { Goals } from '../harness/goals.js';
import { peerContenders } from '../harness/peer.js';
import type { FlatSteps, Peer } from '../harness/peer.js';
import { heirlineRun } from './heirline-run.js';

/** What a loop computes. */
interface Total {
  sum: number;
}

/**
 * The functions that are called for an item: as many by everybody.
 *
 * Three map, one filters, and one takes what is left: a sink of heirline, what subscribes to a peer, and in a loop
 * the function that `consumerOf` gives.
 */
interface StepSet extends FlatSteps {
  /** `keep` as heirline wants it: not one function around another. */
  readonly keepOrSkip: (value: number) => number | Skip;
  readonly consumerOf: (total: Total) => (output: number) => void;
}

/** The same work by different functions. */
const stepSets: readonly [StepSet, StepSet] = [
  {
    maps: [(value) => value + 1, (value) => value * 2, (value) => value - 3],
    keep: (value) => value % 4 !== 1,
    keepOrSkip: (value) => (value % 4 !== 1 ? value : SKIP),
    consumerOf: (total) => (output) => void (total.sum = checksum(total.sum, output)),
  },
  {
    maps: [(value) => 1 + value, (value) => value + value, (value) => -3 + value],
    keep: (value) => 1 !== value % 4,
    keepOrSkip: (value) => (1 !== value % 4 ? value : SKIP),
    consumerOf: (total) => (output) => void (total.sum = checksum(total.sum, output)),
  },
];

/** How a contender is prepared for a set of functions. */
type PrepareWith = (steps: StepSet) => Contender['prepare'];

/**
 * Takes turns between the sets from run to run.
 *
 * So no call site ever sees a single function, and the compiler can inline none: neither in a library, which serves
 * many pipelines, nor in the loop that stands for it.
 */
function inTurn(prepareWith: PrepareWith): Contender['prepare'] {
  return (numbers) => {
    const runs = stepSets.map((steps) => prepareWith(steps)(numbers));
    let turn = 0;
    return () => {
      turn += 1;
      return runs[turn % runs.length]?.() ?? Number.NaN;
    };
  };
}

/** A single set, for those who run once. */
function once(prepareWith: PrepareWith): Contender['prepare'] {
  const [steps] = stepSets;
  return prepareWith(steps);
}

/** Maps three times and filters, without a promise. */
export function flatSync(peers: readonly Peer[]): Workload {
  return {
    name: 'flat, 3 maps + filter',
    items: 500_000,
    contenders: [
      byHand(inTurn),
      {
        name: 'loop, nothing called at the end',
        role: 'floor',
        prepare: inTurn((steps) => (numbers) => addingLoop(steps, numbers)),
      },
      ...libraries(inTurn, peers),
    ],
  };
}

/** The same by contenders that run once, in a process of their own. */
export function flatSyncOnce(peers: readonly Peer[]): Workload {
  return {
    name: 'flat, 3 maps + filter',
    items: 100_000,
    contenders: [byHand(once), ...libraries(once, peers)],
  };
}

/** What flat, synchronous work is to cost where a process has more to do than this. */
export function flatSyncGoals(): Goals {
  return { toFloor: goalOnThisNode(0.6, { later: 1 }), toBestPeer: goalOnThisNode(0.6) };
}

function byHand(arrange: typeof inTurn): Contender {
  return { name: 'loop', role: 'floor', prepare: arrange((steps) => (numbers) => loop(steps, numbers)) };
}

function libraries(arrange: typeof inTurn, peers: readonly Peer[]): Contender[] {
  return [
    { name: 'heirline', role: 'heirline', prepare: arrange((steps) => (numbers) => run(steps, numbers)) },
    ...peerContenders(peers, ({ flatSync: prepareWith }) => prepareWith && arrange(prepareWith)),
  ];
}

/**
 * The same from a generator, without peers.
 *
 * In a bench file of its own: a loop that has met two kinds of iterables is slow with both.
 */
export function flatFromGenerator(): Workload[] {
  return [
    {
      name: 'flat, 3 maps + filter, from a generator',
      items: 500_000,
      contenders: [
        {
          name: 'loop',
          role: 'floor',
          prepare: inTurn((steps) => (numbers) => generatorLoop(steps, generated(numbers))),
        },
        {
          name: 'heirline',
          role: 'heirline',
          prepare: inTurn((steps) => (numbers) => run(steps, generated(numbers))),
        },
      ],
    },
  ];
}

/** By index: what an iterator costs depends on what the compiler makes of it. */
function loop({ maps: [one, two, three], keep, consumerOf }: StepSet, numbers: readonly number[]): Run {
  return () => {
    const total: Total = { sum: 0 };
    const consume = consumerOf(total);
    for (let index = 0; index < numbers.length; index += 1) {
      const value = three(two(one(numbers[index] ?? Number.NaN)));
      if (keep(value)) consume(value);
    }
    return total.sum;
  };
}

/** For information: what a loop can do that uses its outputs itself. */
function addingLoop({ maps: [one, two, three], keep }: StepSet, numbers: readonly number[]): Run {
  return () => {
    let sum = 0;
    for (let index = 0; index < numbers.length; index += 1) {
      const value = three(two(one(numbers[index] ?? Number.NaN)));
      if (keep(value)) sum = checksum(sum, value);
    }
    return sum;
  };
}

function generatorLoop(
  { maps: [one, two, three], keep, consumerOf }: StepSet,
  numbers: Iterable<number>,
): Run {
  return () => {
    const total: Total = { sum: 0 };
    const consume = consumerOf(total);
    for (const number of numbers) {
      const value = three(two(one(number)));
      if (keep(value)) consume(value);
    }
    return total.sum;
  };
}

function run({ maps, keepOrSkip }: StepSet, source: Iterable<number>): Run {
  return heirlineRun({
    source,
    describe(builder, numbers) {
      const one = builder.addTransform(maps[0], { name: 'one', from: numbers });
      const two = builder.addTransform(maps[1], { name: 'two', from: one });
      const three = builder.addTransform(maps[2], { name: 'three', from: two });
      return builder.addTransform(keepOrSkip, { name: 'keep', from: three });
    },
  });
}

/** The numbers from a generator, anew each time they are iterated. */
function generated(numbers: readonly number[]): Iterable<number> {
  return {
    *[Symbol.iterator]() {
      for (const number of numbers) yield number;
    },
  };
}
