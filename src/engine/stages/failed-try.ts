import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { ItemEnd } from '../../lineage/item-end.js';
import type { NodeKind } from '../../nodes/node-kind.js';
import type { EmissionTurn } from '../execution/execution.js';

/** A failed try: what failed, with which item, where, and whether a policy may decide about it. */
export interface FailedTry {
  readonly error: PipelineError;
  /** What the rules are asked with where that is not the error, or its cause: what failed after the try. */
  readonly asked?: readonly unknown[];
  readonly item: unknown;
  readonly trace: ItemTrace | undefined;
  /** The number of the try, from 1. */
  readonly attempt: number;
  /** Lets the next try emit in its turn, where several children run at once. */
  readonly turn?: EmissionTurn | undefined;
  /** The context where it failed; default: the node's. */
  readonly frame?: ContextFrame | undefined;
  /** How the item ended in the child of a composite, where one of its nodes has failed. */
  readonly endedAt?: ItemEnd | undefined;
  /** Whether it ends the run, whatever the policies say. */
  readonly isFatal?: boolean;
}

/** Ends a try that is not the item's first: who repeats it takes this, and nobody else sees it. */
export class FailedAgain {
  readonly #isFailed = true;

  constructor(readonly failed: FailedTry) {}

  static is(outcome: unknown): outcome is FailedAgain {
    return typeof outcome === 'object' && outcome !== null && #isFailed in outcome;
  }
}

/** A failed try; where a breaker could not say whether the try counts, that ends the run in its place. */
export function failedAfter(invalid: PipelineError | undefined, failed: FailedTry): FailedTry {
  return invalid === undefined ? failed : { ...failed, error: invalid, isFatal: true };
}

/** What the rules of a policy are asked with: what the node threw; at a composite also the error around it. */
export function askedAbout(
  { error, asked }: Pick<FailedTry, 'error' | 'asked'>,
  kind: NodeKind,
): readonly unknown[] {
  if (asked !== undefined) return asked;
  if (error.code !== 'NODE_FAILED') return [error];
  return kind === 'composite' ? [error.cause, error] : [error.cause];
}
