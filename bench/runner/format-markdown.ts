import type { State } from '../harness/contender.js';
import type { BenchReport, Measurement, WorkloadReport } from '../harness/report.js';
import { median } from '../harness/statistics.js';
import { goalText, ratioText, rounded } from './columns.js';
import type { Machine } from './machine.js';

/** What a whole run of the benchmarks found out. */
export interface BenchRun {
  readonly date: Date;
  readonly machine: Machine;
  /** The versions of the peers' packages; null for one that is not installed. */
  readonly peers: Readonly<Record<string, string | null>>;
  readonly reports: readonly BenchReport[];
}

/** The heading that the figures of the documentation start with: they are the rest of the page. */
const heading = '## Figures';

/** A table of times: the workloads of some benches, in their order, and what is said above. */
interface Section {
  readonly title: string;
  readonly about: string;
  readonly benches: readonly string[];
  /** Default: every state. */
  readonly state?: State | undefined;
}

const sections: readonly Section[] = [
  {
    title: 'Alone and warm',
    about: 'Each benchmark in a process of its own, after many runs of the same work.',
    benches: [
      'flat-sync',
      'flat-generator',
      'flat-async',
      'concurrency',
      'fan-out',
      'operators',
      'composite',
      'writing-child',
      'depth',
      'inheritance',
      'flights',
    ],
  },
  {
    title: 'Among others',
    about:
      'Warm, after 20 other pipelines of mixed shapes by heirline, and 20 by each peer, in the same process.',
    benches: ['among-others'],
  },
  {
    title: 'After a collection',
    about: 'Alone, but between two runs everything was collected while nothing ran.',
    benches: ['after-collection'],
    state: 'collected',
  },
  {
    title: 'First run',
    about: 'The first items of a fresh process, what is made once and compiled included.',
    benches: ['first-run'],
  },
];

/** Of so many depths, those that peers are measured at. */
const inTable = /^(?!depth )|^depth [138]$/;

const nothing = '–';

/** The figures as `docs/performance.md` has them: machine and versions, times, what features cost, and the rest. */
export function formatMarkdown(run: BenchRun): string {
  const { reports } = run;
  const workloadsOf = (name: string): readonly WorkloadReport[] =>
    reports.find(({ bench }) => bench === name)?.workloads ?? [];
  const comparedIn = ({ benches, state: wanted }: Section): WorkloadReport[] =>
    benches
      .flatMap(workloadsOf)
      .filter(isComparedByHand)
      .filter(({ workload, state }) => inTable.test(workload) && (wanted === undefined || state === wanted));
  const figures = reports.flatMap(({ bench, figures: found }) =>
    found.map(({ name, value, unit, goal, note }) => [
      bench,
      note === undefined ? name : `${name} (${note})`,
      unit === '' ? String(value) : `${rounded(value)} ${unit}`,
      goal === undefined ? nothing : `${goalText(goal)} ${unit}`,
    ]),
  );
  return [
    heading,
    originOf(run),
    ...sections.flatMap((section) => [
      `### ${section.title}`,
      section.about,
      table(
        ['workload', 'by hand, ns/item', 'heirline', 'ratio', 'best peer, ns/item', 'ratio', 'bytes/item'],
        comparedIn(section).map(timesOf),
        'llrrlrr',
      ),
    ]),
    '### Features',
    ...workloadsOf('features').map(({ workload, measurements }) =>
      table([workload, 'ns/item', 'added', 'bytes/item'], measurements.map(costsOf), 'lrrr'),
    ),
    '### Other figures',
    table(['benchmark', 'what', 'figure', 'goal'], figures, 'llrr'),
  ].join('\n\n');
}

function originOf({ date, machine, peers }: BenchRun): string {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version ?? 'not installed'}`);
  const { node, v8, cpu, cores, platform } = machine;
  return [
    `Measured on ${date.toISOString().slice(0, 10)}: Node ${node} (V8 ${v8}), ${platform}, ${cpu}, ${cores} cores.`,
    `Peers: ${versions.join(', ')}; async generators and Node streams are Node's own.`,
  ].join(' ');
}

function isComparedByHand({ measurements: [floor, ...others] }: WorkloadReport): boolean {
  return floor?.role === 'floor' && others.some(({ contender }) => contender === 'heirline');
}

function timesOf({ workload, goals, measurements }: WorkloadReport): string[] {
  const [floor] = measurements;
  const heirline = measurements.find(({ contender }) => contender === 'heirline');
  const [best] = measurements
    .filter(({ role }) => role === 'peer')
    .sort((one, other) => one.nsPerItem - other.nsPerItem);
  const { nsPerItem = Number.NaN, ratioToFloor = Number.NaN, ratioToBestPeer, bytesPerItem } = heirline ?? {};
  return [
    workload,
    `${floor?.contender ?? ''}: ${rounded(floor?.nsPerItem ?? Number.NaN)}`,
    rounded(nsPerItem),
    ratioText(ratioToFloor, goals.toFloor),
    best === undefined ? nothing : `${best.contender}: ${rounded(best.nsPerItem)}`,
    typeof ratioToBestPeer === 'number' ? ratioText(ratioToBestPeer, goals.toBestPeer) : nothing,
    bytes(bytesPerItem),
  ];
}

/** What a feature costs, and what it adds to the same pipeline without it. */
function costsOf(measurement: Measurement, index: number, [plain]: readonly Measurement[]): string[] {
  const { contender, nsPerItem, bytesPerItem, samples } = measurement;
  const added = samples.map((ns, round) => ns - (plain?.samples[round] ?? Number.NaN));
  return [contender, rounded(nsPerItem), index === 0 ? nothing : rounded(median(added)), bytes(bytesPerItem)];
}

function bytes(count: number | null | undefined): string {
  return typeof count === 'number' ? Math.round(count).toLocaleString('en') : nothing;
}

/** @param sides a letter for each column, `l` for left and `r` for right. */
function table(titles: readonly string[], rows: readonly (readonly string[])[], sides: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = titles.map((_, column) => (sides[column] === 'r' ? '--:' : '---'));
  return [line(titles), line(rule), ...rows.map(line)].join('\n');
}
