import type { PipelineContext } from '../context/pipeline-context.js';
import type { FlowKey } from '../nodes/flow-key.js';
import type { ErrorPolicy } from '../resilience/error-policy.js';
import type { FinalDecision } from '../resilience/error-rule.js';

/** Which rows leave a join without a partner: none, those of one side, or those of both. */
export type JoinKind = 'inner' | 'left' | 'right' | 'full';

/** The left row of a pair: undefined where a right row found no partner. */
export type LeftOf<L, K extends JoinKind> = K extends 'right' | 'full' ? L | undefined : L;

/** The right row of a pair: undefined where a left row found no partner. */
export type RightOf<R, K extends JoinKind> = K extends 'left' | 'full' ? R | undefined : R;

/** How far apart in time two rows may be. */
export interface JoinWindow<in L, in R> {
  /** The greatest distance of the two times, in milliseconds, inclusive. */
  readonly ms: number;
  /** The time of a left row. */
  readonly leftTime: (row: L) => Date | number;
  /** The time of a right row. */
  readonly rightTime: (row: R) => Date | number;
  /**
   * How many milliseconds a row may come behind the latest of its side; a later one is matched with nothing. Default: 0.
   */
  readonly latenessMs?: number | undefined;
}

/** Options of a join. */
export interface JoinOptions<L, R, K extends JoinKind, TOut> {
  /** The node's id; unique in its pipeline. Default: kind and number. */
  readonly name?: string | undefined;
  /** The key of a left row; null and undefined match nothing. */
  readonly leftKey: (row: NoInfer<L>, context: PipelineContext) => FlowKey;
  /** The key of a right row; null and undefined match nothing. */
  readonly rightKey: (row: NoInfer<R>, context: PipelineContext) => FlowKey;
  /** Which rows leave without a partner, the other side undefined. */
  readonly kind: K;
  /** Keeps rows for a time only, so that endless inputs can be joined. Default: until the other input has ended. */
  readonly within?: JoinWindow<NoInfer<L>, NoInfer<R>> | undefined;
  /**
   * How many rows of one input are kept. An input that is so far ahead waits; both so far ahead, or one whose rows come from
   * the same node as the other's, fail with `FLOW_CAPACITY_EXCEEDED`. Default: 100,000.
   */
  readonly capacity?: number | undefined;
  /** What leaves for a pair. Default: `[left, right]`. */
  readonly combine?: ((left: LeftOf<NoInfer<L>, K>, right: RightOf<NoInfer<R>, K>) => TOut) | undefined;
  /** What happens to a row for which a function throws. Default: the pipeline's, else `fail`. */
  readonly errorPolicy?: ErrorPolicy | FinalDecision | undefined;
}
