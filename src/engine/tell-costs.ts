import { currentHolder } from '../context/ambient-context.js';
import { watchEntries } from '../run/spending/cost-ledger.js';
import { Execution } from './execution/execution.js';
import { TryContext } from './stages/try-context.js';

/**
 * Tells what the executions of a run book in its ledger, if somebody hears it.
 *
 * @param root the execution at the top of the run.
 * @returns a function that ends this.
 */
export function tellCosts(root: Execution): () => void {
  const { run, frame, audience } = root;
  if (audience?.hears('costRecorded') !== true) return () => undefined;
  return watchEntries(frame.services.run.cost, (entry) => {
    const execution = currentHolder() === run.root ? root : currentExecution();
    // A run that has joined this one tells its own costs.
    if (execution?.run !== run) return;
    const { path, callId, model, inputTokens, outputTokens, cachedTokens, calls, amount, currency } = entry;
    const tokens = { inputTokens, outputTokens, cachedTokens };
    execution.notify('costRecorded', path, { callId, model, ...tokens, calls, amount, currency });
  });
}

/** The execution below the top of a run whose code is running. */
function currentExecution(): Execution | undefined {
  const holder = currentHolder();
  if (holder instanceof TryContext) return holder.execution;
  return holder instanceof Execution ? holder : undefined;
}
