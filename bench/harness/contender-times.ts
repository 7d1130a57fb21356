import type { Contender, Workload } from './contender.js';

/** What the runs of one contender took. */
export interface ContenderTimes {
  readonly workload: Workload;
  readonly contender: Contender;
  /** Items of one run. */
  readonly items: number;
  /** Nanoseconds an item took, round by round. */
  readonly samples: readonly number[];
}
