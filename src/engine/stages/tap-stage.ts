import { toErrorRecord } from '../../ports/error-record.js';
import type { Execution } from '../execution/execution.js';
import type { FailedTry } from './failed-try.js';
import { TransformStage } from './transform-stage.js';

/** Calls a tap whose errors change nothing: the item goes on, and observers hear of the error. */
export class TapStage extends TransformStage {
  protected override failed(execution: Execution, failed: FailedTry): unknown {
    const { error, item, trace, attempt } = failed;
    const { scope } = execution.frame;
    scope.budget.endBy(error.cause);
    if (scope.reason !== undefined) return super.failed(execution, failed);
    this.counter(execution).ignored += 1;
    if (execution.hears('itemFailed'))
      this.tell(execution, 'itemFailed', { attempt, error: toErrorRecord(error) });
    return this.gave(execution, item, trace, attempt);
  }
}
