import { isInstanceOf } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';
import type { Outcome } from '../ports/execution-observer.js';
import { currentContext, runInContext } from './ambient-context.js';
import { callContext } from './call-context.js';
import type { CallContext } from './call-context.js';
import type { ContextFrame } from './context-frame.js';
import { callDisposers, disposalFailed, outcomeAfter } from './disposers.js';
import type { DisposerFailure } from './disposers.js';
import { handOut } from './handed-out.js';
import { PipelineContext, frameOf } from './pipeline-context.js';
import type { PipelineContextOptions } from './pipeline-context-options.js';
import { reportFailure } from './report-failure.js';

/**
 * Calls a function with a current context, for scripts and handlers outside of a run.
 *
 * It takes nothing from a context around it. The function gets a context of its own per call, a copy of the one given:
 * disposers, limits, cancelling and what it sets end with the call, so one object serves calls at once. Each call has a
 * run id of its own unless one is named; a run's context keeps that run: its ids, secrets, costs and cancelling. A failure that nobody awaits is an error line of the context's logger, or a warning of the
 * process where there is none.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for wrong options, `DISPOSAL_FAILED` when the function succeeded but a disposer threw.
 *
 * @example
 * {@includeCode ../../examples/api/with-context.ts}
 */
export function withContext<T>(
  context: PipelineContext | PipelineContextOptions,
  fn: (context: PipelineContext) => T,
): Promise<Awaited<T>> {
  let frame: ContextFrame | undefined;
  const work = callIn(context, fn, (made) => {
    frame = made;
  });
  return handOut(work, (error) => {
    reportFailure(frame, error, 'a call of withContext failed, and nobody awaited it');
  });
}

async function callIn<T>(
  given: PipelineContext | PipelineContextOptions,
  fn: (context: PipelineContext) => T,
  begin: (frame: ContextFrame) => void,
): Promise<Awaited<T>> {
  if (typeof fn !== 'function')
    throw invalidOption('withContext', 'a function was expected after the context');
  const call = callContext(isInstanceOf(given, PipelineContext) ? given : new PipelineContext(given));
  const { context, frame } = call;
  const { run } = frame.services;
  begin(frame);
  const outer = currentContext();
  if (outer !== undefined) run.redactor.join(frameOf(outer).services.run.redactor);
  let result: Awaited<T>;
  try {
    result = await runInContext(call, fn, context);
  } catch (error) {
    for (const failure of await endCall(call, 'failed')) frame.reportDisposer(failure);
    throw error;
  }
  const failed = disposalFailed(await endCall(call, 'succeeded'));
  if (failed !== undefined) {
    run.redactor.error(failed);
    throw failed;
  }
  return result;
}

/** Ends the context of a call: disposes what was registered, in that context; gives what failed. */
async function endCall(call: CallContext, settled: Outcome): Promise<DisposerFailure[]> {
  const { frame } = call;
  const outcome = frame.scope.reason === undefined ? settled : 'cancelled';
  call.release();
  const failures: DisposerFailure[] = [];
  // A disposer may register another one.
  while (frame.disposerCount > 0) {
    const soFar = outcomeAfter(outcome, failures);
    failures.push(...(await runInContext(call, callDisposers, frame.takeDisposers(), soFar)));
  }
  frame.closeDisposal(outcomeAfter(outcome, failures));
  const { run } = frame.services;
  // A run waits for its own.
  if (!run.isRunning) await run.reportUnbilled();
  return failures;
}
