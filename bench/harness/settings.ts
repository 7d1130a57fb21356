import { parseArgs } from 'node:util';

/** How thoroughly a bench file measures; given to its process as arguments. */
export interface BenchSettings {
  readonly rounds: number;
  /** How many fresh processes each first run is timed in. */
  readonly processes: number;
  /** The part of the items that is left, for a first look. */
  readonly scale: number;
  /** Whether to measure other libraries, too. */
  readonly peers: boolean;
  /** Whether to measure what is allocated. */
  readonly allocation: boolean;
  /** The only workloads that this is measured in. Default: all. */
  readonly allocationIn: readonly string[] | undefined;
  /** In a process that measures the first run of one contender: which. */
  readonly firstRunOf: ContenderName | undefined;
  /** In a process that measures what one contender allocates: which. */
  readonly allocationOf: ContenderName | undefined;
}

/** Names one contender of a bench file. */
export interface ContenderName {
  readonly workload: string;
  readonly contender: string;
}

const DEFAULT_ROUNDS = 9;
const QUICK_ROUNDS = 7;
const DEFAULT_PROCESSES = 7;
const QUICK_PROCESSES = 5;
const QUICK_SCALE = 0.2;

/** Reads the arguments of this process. */
export function readSettings(args: readonly string[] = process.argv.slice(2)): BenchSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
      'no-allocation': { type: 'boolean', default: false },
      'allocation-in': { type: 'string', multiple: true },
      'allocation-of': { type: 'string', multiple: true },
      'first-run-of': { type: 'string', multiple: true },
    },
  });
  return {
    rounds: values.quick ? QUICK_ROUNDS : DEFAULT_ROUNDS,
    processes: values.quick ? QUICK_PROCESSES : DEFAULT_PROCESSES,
    scale: values.quick ? QUICK_SCALE : 1,
    peers: !values['no-peers'],
    allocation: !values['no-allocation'],
    allocationIn: values['allocation-in'],
    firstRunOf: contenderIn(values['first-run-of']),
    allocationOf: contenderIn(values['allocation-of']),
  };
}

/** The two names as {@link argumentsFor} gives them. */
function contenderIn([workload, contender]: readonly string[] = []): ContenderName | undefined {
  return workload === undefined || contender === undefined ? undefined : { workload, contender };
}

/** The arguments that make this bench file measure one contender alone, in a process of its own. */
export function argumentsFor(
  measure: 'allocation-of' | 'first-run-of',
  { workload, contender }: ContenderName,
): string[] {
  const option = `--${measure}`;
  return [option, workload, option, contender];
}
