import { parseArgs } from 'node:util';

/** How thoroughly a bench file measures; given to its process as arguments. */
export interface BenchSettings {
  readonly rounds: number;
  /** The part of the items that is left, for a first look. */
  readonly scale: number;
  /** Whether to measure other libraries, too. */
  readonly peers: boolean;
  /** Whether to measure what is allocated. */
  readonly allocation: boolean;
  /** In a process that measures what one contender allocates: which. */
  readonly allocationOf: { readonly workload: string; readonly contender: string } | undefined;
}

const DEFAULT_ROUNDS = 9;
const QUICK_ROUNDS = 7;
const QUICK_SCALE = 0.2;

/** Reads the arguments of this process. */
export function readSettings(args: readonly string[] = process.argv.slice(2)): BenchSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      'no-peers': { type: 'boolean', default: false },
      'no-allocation': { type: 'boolean', default: false },
      'allocation-of': { type: 'string', multiple: true },
    },
  });
  const [workload, contender] = values['allocation-of'] ?? [];
  return {
    rounds: values.quick ? QUICK_ROUNDS : DEFAULT_ROUNDS,
    scale: values.quick ? QUICK_SCALE : 1,
    peers: !values['no-peers'],
    allocation: !values['no-allocation'],
    allocationOf: workload === undefined || contender === undefined ? undefined : { workload, contender },
  };
}
