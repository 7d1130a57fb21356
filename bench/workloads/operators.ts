import { SKIP } from 'heirline';
import type { StreamOperator } from 'heirline';
import { batch, distinct, filter, scan, take } from 'heirline/flow';
import { checksum } from '../harness/checksum.js';
import type { Contender, Workload } from '../harness/contender.js';
import { peerContenders } from '../harness/peer.js';
import type { BatchWork, Peer } from '../harness/peer.js';
import { heirlineRun } from './heirline-run.js';

const batches: BatchWork = { size: 100, valueOf: (items) => items.length + (items[0] ?? 0) };
const keep = (value: number): boolean => value % 4 !== 1;
const step = (sum: number, item: number): number => (sum + item) & 0xffff;
const keyOf = (value: number): number => value % 5_000;

const CAPACITY = 1_000;

/** Operators beside what they replace: a loop for batches, a transform of one's own for the others. */
export function operators(peers: readonly Peer[]): Workload[] {
  return [
    {
      name: 'batches of 100',
      items: 500_000,
      goals: { toFloor: 2 },
      contenders: [
        { name: 'loop', role: 'floor', prepare: (numbers) => () => batchLoop(numbers) },
        { name: 'heirline', role: 'heirline', prepare: batched },
        ...peerContenders(peers, ({ batches: prepareWith }) => prepareWith?.(batches)),
      ],
    },
    {
      name: 'filter',
      items: 500_000,
      goals: { toFloor: 1.3 },
      contenders: [
        byTransform(() => (value) => (keep(value) ? value : SKIP)),
        byOperator(() => filter(keep)),
      ],
    },
    {
      name: 'take',
      items: 500_000,
      goals: { toFloor: 1.3 },
      contenders: [byTransform(() => (value) => value), byOperator((items) => take<number>(items))],
    },
    {
      name: 'scan',
      items: 500_000,
      goals: { toFloor: 1.3 },
      contenders: [
        byTransform(() => {
          let sum = 0;
          return (value) => (sum = step(sum, value));
        }),
        byOperator(() => scan(step, 0)),
        ...peerContenders(peers, ({ scan: prepareWith }) => prepareWith?.(step)),
      ],
    },
    {
      name: 'distinct among 1,000 keys',
      items: 500_000,
      goals: { toFloor: 1.3 },
      contenders: [byTransform(firstOfEach), byOperator(() => distinct({ by: keyOf, capacity: CAPACITY }))],
    },
  ];
}

function batchLoop(numbers: readonly number[]): number {
  let sum = 0;
  let items: number[] = [];
  for (let index = 0; index < numbers.length; index += 1) {
    items.push(numbers[index] ?? Number.NaN);
    if (items.length < batches.size) continue;
    sum = checksum(sum, batches.valueOf(items));
    items = [];
  }
  return items.length > 0 ? checksum(sum, batches.valueOf(items)) : sum;
}

const batched: Contender['prepare'] = (source) =>
  heirlineRun({
    source,
    describe(builder, from) {
      const lists = builder.addStreamTransform(batch({ size: batches.size }), { name: 'batches', from });
      return builder.addTransform(batches.valueOf, { name: 'value', from: lists });
    },
  });

/** @param transformOf makes the transform; asked once per run, since it may keep something. */
function byTransform(transformOf: () => (value: number) => number | typeof SKIP): Contender {
  return {
    name: 'a transform',
    role: 'floor',
    prepare: (source) =>
      heirlineRun({
        source,
        describe: (builder, from) =>
          builder.addTransform(
            class {
              readonly call = transformOf();

              transform(value: number) {
                return this.call(value);
              }
            },
            { name: 'node', from },
          ),
      }),
  };
}

function byOperator(operatorOf: (items: number) => StreamOperator<number, number>): Contender {
  return {
    name: 'heirline',
    role: 'heirline',
    prepare: (source) =>
      heirlineRun({
        source,
        describe: (builder, from) =>
          builder.addStreamTransform(operatorOf(source.length), { name: 'node', from }),
      }),
  };
}

/** The first item of each key, with a Map by hand that forgets the key that was not seen for longest. */
function firstOfEach(): (value: number) => number | typeof SKIP {
  const seen = new Map<number, true>();
  return (value) => {
    const key = keyOf(value);
    if (seen.delete(key)) {
      seen.set(key, true);
      return SKIP;
    }
    seen.set(key, true);
    if (seen.size > CAPACITY)
      for (const eldest of seen.keys()) {
        seen.delete(eldest);
        break;
      }
    return value;
  };
}
