import type { BenchReport, Figure } from './harness/report.js';
import { measurementOf } from './harness/report.js';

/** What a report says. */
interface Reading {
  /** NaN when it was not measured. */
  readonly value: number;
  readonly goal?: number | undefined;
}

/** What the guard looks at. */
export interface Limit {
  readonly name: string;
  readonly bench: string;
  /** Gives the number that must not be larger than `limit`. */
  readonly read: (report: BenchReport) => Reading;
  readonly limit: number;
  readonly unit: string;
}

/**
 * Every limit of `npm run bench:guard`, in one place.
 *
 * Times are ratios within one run, so they do not depend on the machine. They are generous: what goes over one has
 * become slower, whatever the machine does meanwhile. The goals are stricter.
 */
export const limits: readonly Limit[] = [
  {
    name: 'flat, synchronous: to the loop',
    bench: 'flat-sync',
    read: ratio('flat, 3 maps + filter', 'heirline'),
    limit: 3,
    unit: '×',
  },
  {
    name: 'fan-out to 2 and merge: to the loop',
    bench: 'fan-out',
    read: ratio('fan-out to 2 and merge', 'heirline'),
    limit: 25,
    unit: '×',
  },
  {
    name: 'flat, asynchronous: to the loop',
    bench: 'flat-async',
    read: ratio('flat, 3 async maps', 'heirline'),
    limit: 2,
    unit: '×',
  },
  {
    name: '16 at once: to the ring of promises',
    bench: 'concurrency',
    read: ratio('async, 16 at once, ordered', 'heirline'),
    limit: 2,
    unit: '×',
  },
  {
    name: 'a composite: added, to await + AsyncLocalStorage.run',
    bench: 'composite',
    read: figure('composite, nothing inherited: what nesting adds to the flat pipeline'),
    limit: 1.2,
    unit: '×',
  },
  {
    name: 'a composite: allocated per item',
    bench: 'composite',
    read: figure('composite, nothing inherited: what nesting allocates on top'),
    limit: 550,
    unit: 'bytes',
  },
  {
    name: '0 to 10,000 inherited keys: furthest apart',
    bench: 'inheritance',
    read: figure('inheritance: numbers of keys, furthest apart'),
    limit: 30,
    unit: '%',
  },
  {
    name: '0 to 10,000 inherited keys, written between: furthest apart',
    bench: 'inheritance',
    read: figure('inheritance, the parent writes a key between items: numbers of keys, furthest apart'),
    limit: 30,
    unit: '%',
  },
  {
    name: 'a level of 8: to a level of 1',
    bench: 'depth',
    read: figure('heirline: a level of 8 to a level of 1'),
    limit: 1.4,
    unit: '×',
  },
  {
    name: 'a managed run over the memory store: to runner.run',
    bench: 'run-stores-memory',
    read: ratio('a managed run: memory', 'manager.start, result'),
    limit: 6,
    unit: '×',
  },
  {
    name: '10,000 managed runs, 1,000 kept: growth of the heap',
    bench: 'run-stores-memory',
    read: figure('memory: growth of the heap in 10,000 runs, of which 1,000 are kept'),
    limit: 1000,
    unit: 'kB',
  },
  {
    name: '16 at once by setImmediate: to the ring of promises',
    bench: 'concurrency',
    read: ratio('async, 16 at once, ordered, answered by setImmediate', 'heirline'),
    limit: 2.5,
    unit: '×',
  },
  {
    name: 'a child that sets an item: to await + AsyncLocalStorage.run',
    bench: 'writing-child',
    read: ratio('composite, one context item set', 'heirline'),
    limit: 3,
    unit: '×',
  },
  {
    name: 'a child that sets a number: to the same',
    bench: 'writing-child',
    read: ratio('composite, one number parameter set', 'heirline'),
    limit: 3,
    unit: '×',
  },
  {
    name: 'a child that sets an object: to the same',
    bench: 'writing-child',
    read: ratio('composite, one object parameter set', 'heirline'),
    limit: 8,
    unit: '×',
  },
  {
    name: 'a child that sets three keys: to the same',
    bench: 'writing-child',
    read: ratio('composite, three context items set', 'heirline'),
    limit: 4,
    unit: '×',
  },
  {
    name: 'a child with one write: allocated',
    bench: 'writing-child',
    read: figure('heirline: a child with one write, without AsyncLocalStorage.run'),
    limit: 1000,
    unit: 'bytes',
  },
  {
    name: 'among others, flat, synchronous: to the loop',
    bench: 'among-others',
    read: ratio('flat, 3 maps + filter', 'heirline'),
    limit: 5,
    unit: '×',
  },
  {
    name: 'the same after a collection',
    bench: 'among-others',
    read: ratio('flat, 3 maps + filter, after a collection', 'heirline'),
    limit: 15,
    unit: '×',
  },
  {
    name: 'among others, flat, asynchronous: to the loop',
    bench: 'among-others',
    read: ratio('flat, 3 async maps', 'heirline'),
    limit: 2,
    unit: '×',
  },
  {
    name: 'among others, 16 at once by setImmediate: to the ring',
    bench: 'among-others',
    read: ratio('async, 16 at once, ordered, answered by setImmediate', 'heirline'),
    limit: 2.5,
    unit: '×',
  },
  {
    name: 'among others, fan-out to 2 and merge: to the loop',
    bench: 'among-others',
    read: ratio('fan-out to 2 and merge', 'heirline'),
    limit: 40,
    unit: '×',
  },
  {
    name: 'among others, a composite: to await + AsyncLocalStorage.run',
    bench: 'among-others',
    read: ratio('composite, nothing inherited', 'heirline'),
    limit: 2.5,
    unit: '×',
  },
  {
    name: 'among others, a child that sets an item: to the same',
    bench: 'among-others',
    read: ratio('composite, one context item set', 'heirline'),
    limit: 3,
    unit: '×',
  },
  {
    name: 'after a collection, flat, synchronous: to the loop',
    bench: 'after-collection',
    read: ratio('flat, 3 maps + filter, after a collection', 'heirline'),
    limit: 20,
    unit: '×',
  },
  {
    name: 'after a collection, a composite: to warm',
    bench: 'after-collection',
    read: figure('composite, nothing inherited: after a collection, to warm'),
    limit: 10,
    unit: '×',
  },
  {
    name: 'after a collection, a child that sets an item: to warm',
    bench: 'after-collection',
    read: figure('composite, one context item set: after a collection, to warm'),
    limit: 10,
    unit: '×',
  },
  {
    name: 'after a collection, node classes with fields: to warm',
    bench: 'after-collection',
    read: figure('composite, node classes with fields: after a collection, to warm'),
    limit: 12,
    unit: '×',
  },
  {
    name: 'first 100,000 items, flat, synchronous: to the loop',
    bench: 'first-run',
    read: ratio('flat, 3 maps + filter, the first 100,000 items', 'heirline'),
    limit: 60,
    unit: '×',
  },
  {
    name: 'first 100,000 items, a composite: to the loop',
    bench: 'first-run',
    read: ratio('composite, nothing inherited, the first 100,000 items', 'heirline'),
    limit: 8,
    unit: '×',
  },
  {
    name: 'lineage, a record for each item: to none',
    bench: 'lineage',
    read: ratio('flat, 2 functions', 'a record for each item'),
    limit: 120,
    unit: '×',
  },
  {
    name: 'lineage, a record for one item in 100: to none',
    bench: 'lineage',
    read: ratio('flat, 2 functions', 'a record for one item in 100'),
    limit: 4,
    unit: '×',
  },
  {
    name: 'package, unpacked, no source maps',
    bench: 'cold-start',
    read: figure('package, unpacked, no source maps'),
    limit: 1_500,
    unit: 'kB',
  },
];

function ratio(workload: string, contender: string): Limit['read'] {
  return ({ workloads }) => ({
    value: measurementOf(workloads, workload, contender).ratioToFloor,
    goal: workloads.find(({ workload: name }) => name === workload)?.goals.toFloor,
  });
}

function figure(wanted: Figure['name']): Limit['read'] {
  return ({ figures }) => figures.find(({ name }) => name === wanted) ?? { value: Number.NaN };
}
