import type { PipelineContext } from '../context/pipeline-context.js';

/** What every node may have besides its work; called only on nodes that the run made. */
export interface NodeLifecycle {
  /** Awaited before the node's first item. */
  init?(context: PipelineContext): unknown;
  /**
   * Awaited when the execution ends, or, with `lifetime: 'run'`, when the run ends.
   *
   * A node without it is disposed by its `Symbol.asyncDispose`, else its `Symbol.dispose`, if it has one of them.
   */
  dispose?(): unknown;
}
