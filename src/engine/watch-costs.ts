import { currentHolder } from '../context/ambient-context.js';
import { watchEntries } from '../run/spending/cost-ledger.js';
import { asExecution } from './execution/active-scopes.js';
import { Execution } from './execution/execution.js';
import { TryContext } from './stages/try-context.js';

/**
 * Tells what the executions of a run book in its ledger, and has `onEntry` called in their scopes, where somebody wants it.
 *
 * @param root the execution at the top of the run.
 * @returns a function that ends this.
 */
export function watchCosts(root: Execution): () => void {
  const { run, frame, audience } = root;
  if (audience?.hears('costRecorded') !== true && !run.hasScopes) return () => undefined;
  // A run that has joined this one follows its own costs.
  const current = (): Execution | undefined => {
    const execution = currentHolder() === run.root ? root : currentExecution();
    return execution?.run === run ? execution : undefined;
  };
  return watchEntries(frame.services.run.cost, {
    recorded({ path, callId, model, inputTokens, outputTokens, cachedTokens, calls, amount, currency }) {
      const tokens = { inputTokens, outputTokens, cachedTokens };
      current()?.notify('costRecorded', path, { callId, model, ...tokens, calls, amount, currency });
    },
    around(call) {
      const execution = current();
      return execution === undefined ? call() : asExecution(execution, call);
    },
  });
}

/** The execution below the top of a run whose code is running. */
function currentExecution(): Execution | undefined {
  const holder = currentHolder();
  if (holder instanceof TryContext) return holder.execution;
  return holder instanceof Execution ? holder : undefined;
}
