import type { BenchReport, Figure } from './harness/report.js';
import { measurementOf } from './harness/report.js';

/** What the guard looks at. */
export interface Limit {
  readonly name: string;
  readonly bench: string;
  /** The number that must not be larger than `limit`; NaN when it was not measured. */
  readonly read: (report: BenchReport) => number;
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
    name: 'package, unpacked, no source maps',
    bench: 'cold-start',
    read: figure('package, unpacked, no source maps'),
    limit: 330,
    unit: 'kB',
  },
];

function ratio(workload: string, contender: string): Limit['read'] {
  return ({ workloads }) => measurementOf(workloads, workload, contender).ratioToFloor;
}

function figure(wanted: Figure['name']): Limit['read'] {
  return ({ figures }) => figures.find(({ name }) => name === wanted)?.value ?? Number.NaN;
}
