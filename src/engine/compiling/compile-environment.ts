import type { DescribeEnvironment } from '../../builder/describe-definition.js';
import type { RunnerCircuits } from '../../resilience/runner-circuits.js';
import type { PathLedger } from '../execution/path-ledger.js';
import type { RunReplacement } from './run-replacement.js';

/** What all plans of one tree have in common. */
export interface CompileEnvironment {
  readonly ledger: PathLedger;
  readonly describe: DescribeEnvironment;
  /** After how many uses code is generated for a place of a plan. */
  readonly generateAfter: number;
  /** Stands in for nodes under test. */
  readonly replacement: RunReplacement | undefined;
  /** What all runs of the runner share. */
  readonly circuits: RunnerCircuits;
}
