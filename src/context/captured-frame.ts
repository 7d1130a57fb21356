import { clockUnder } from '../ports/clock.js';
import { CancelScope } from '../run/ending/cancel-scope.js';
import type { ContextFrame } from './context-frame.js';
import { CopiedFrame } from './copied-frame.js';
import { registeredDisposer } from './disposers.js';
import type { Disposer, OutcomeDisposer } from './disposers.js';

/**
 * A copy of another context's state, for work that outlives it.
 *
 * It holds neither that context nor those above it nor their run: its scope is its own, so no cancel, deadline or
 * end of the run reaches it.
 */
export class CapturedFrame extends CopiedFrame {
  constructor(origin: ContextFrame) {
    super(
      origin,
      new CancelScope(origin.path).useClock(clockUnder(origin.scope.clock)),
      origin.identity.copy(),
    );
  }

  /**
   * Calls the disposer at once: a copy has no end at which to call it, and nothing says that the work has succeeded.
   *
   * @throws {@link PipelineError} `CONTEXT_DISPOSED`.
   */
  override addDisposer(disposer: Disposer | OutcomeDisposer, path = this.path, withOutcome = false): never {
    const registered = registeredDisposer(disposer, path, withOutcome);
    this.refuseDisposer(registered, 'cancelled', 'on a captured context, which has no end');
  }
}
