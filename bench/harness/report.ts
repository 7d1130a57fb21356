import type { Role, State } from './contender.js';
import type { Goals } from './goals.js';

/** What one contender took. */
export interface Measurement {
  readonly contender: string;
  readonly role: Role;
  /** Items of one run. */
  readonly items: number;
  /** Nanoseconds an item took, round by round. */
  readonly samples: readonly number[];
  /** The median of the samples. */
  readonly nsPerItem: number;
  /** Median of the ratios to the floor within each round. */
  readonly ratioToFloor: number;
  /** The same, to the peer with the lowest median; null without peers. */
  readonly ratioToBestPeer: number | null;
  /** Null: not measured. */
  readonly bytesPerItem: number | null;
}

/** What the contenders of one workload took; the first one is the floor. */
export interface WorkloadReport {
  readonly workload: string;
  readonly state: State;
  /** What heirline is to reach. */
  readonly goals: Goals;
  readonly measurements: readonly Measurement[];
}

/** A number that is no time per item, or that several times make together. */
export interface Figure {
  /** Unique in its bench file. */
  readonly name: string;
  readonly value: number;
  /** `×`, `ns`, `bytes`, ...; empty for a count. */
  readonly unit: string;
  /** The largest value that is good enough. */
  readonly goal?: number | undefined;
  readonly note?: string | undefined;
}

/** What one bench file found out. */
export interface BenchReport {
  readonly bench: string;
  readonly workloads: readonly WorkloadReport[];
  readonly figures: readonly Figure[];
}

/** The measurement of a contender. */
export function measurementOf(
  workloads: readonly WorkloadReport[],
  workload: string,
  contender: string,
): Measurement {
  const found = workloads
    .find(({ workload: name }) => name === workload)
    ?.measurements.find(({ contender: name }) => name === contender);
  if (found === undefined) throw new Error(`No measurement of '${contender}' in '${workload}'`);
  return found;
}
