import type { ContextFrame } from '../../context/context-frame.js';
import { ignoreRejection, isInstanceOf } from '../../data/foreign-value.js';
import { BudgetExceededError } from '../../errors/budget-exceeded-error.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { printed } from '../../ports/error-record.js';
import { frozenValueHint } from './frozen-value-hint.js';

/** What user code threw, as it surfaces: once, with the original as cause. */
export function nodeFailed(
  path: string,
  thrown: unknown,
  doing = 'failed',
  frame?: ContextFrame,
): PipelineError {
  return failure(path, thrown, doing, frame, 'mend it, or give the node an errorPolicy.');
}

/**
 * What user code threw where no single item had failed: no policy of the node can decide about that.
 *
 * So fail sources, stream transforms, stream sinks, `init` and `flush`.
 */
export function wholeNodeFailed(
  path: string,
  thrown: unknown,
  doing = 'failed',
  frame?: ContextFrame,
): PipelineError {
  return failure(path, thrown, doing, frame, "mend it, or handle it in the node's own code.");
}

/** @param frame the context that the node saw: what the node can have found frozen. */
function failure(
  path: string,
  thrown: unknown,
  doing: string,
  frame: ContextFrame | undefined,
  mend: string,
): PipelineError {
  // Somebody may throw a promise: what it rejects with must not end the process.
  ignoreRejection(thrown);
  const hint = frame === undefined ? undefined : frozenValueHint(thrown, frame);
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node ${doing}: ${sentence(thrown)}`,
    remedy: `${hint === undefined ? '' : `${hint} `}The original error is the cause; ${mend}`,
    cause: thrown,
  });
}

/** A try that took longer than its limit. */
export function nodeTimeout(path: string, timeoutMs: number): PipelineError {
  return new PipelineError('NODE_TIMEOUT', {
    path,
    problem: `One try took longer than its limit of ${String(timeoutMs)} ms.`,
    remedy: 'Raise timeoutMs, let the work end when context.signal aborts, or give an errorPolicy.',
  });
}

/** A source that has given no item in time. */
export function sourceIdle(path: string, idleTimeoutMs: number): PipelineError {
  return new PipelineError('NODE_TIMEOUT', {
    path,
    problem: `The source gave no item for ${String(idleTimeoutMs)} ms (idleTimeoutMs) while one was waited for.`,
    remedy: 'Raise idleTimeoutMs, or let the source end, or fail, when nothing comes.',
  });
}

/** A flush that has not ended when the run was given up. */
export function flushUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node's flush had not ended ${String(graceMs)} ms (graceMs) after the last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/** A stream that has not taken all that was written to it when the run was given up. */
export function streamUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node's stream had not ended ${String(graceMs)} ms (graceMs) after the run's last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/** A disposer that has not ended when the run was given up. */
export function disposerUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('DISPOSAL_FAILED', {
    path,
    problem: `A disposer had not ended ${String(graceMs)} ms (graceMs) after the last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/** The error of a scope that has ended, as it is seen from outside: where a budget has ended it, that of the budget. */
export function scopeError(reason: RunCancelledError): PipelineError {
  const { cause } = reason;
  return isInstanceOf(cause, BudgetExceededError) ? cause : reason;
}

/** A sink of the framework that refused what it got; no policy handles that. */
export function sinkRejected(path: string, what: string, thrown: unknown): PipelineError {
  return new PipelineError('SINK_REJECTED', {
    path,
    problem: `The ${what} failed: ${sentence(thrown)}`,
    remedy: `Mend the ${what}; its error is the cause. Items must not be lost in silence, so the run ends.`,
    cause: thrown,
  });
}

/** A decision for the dead-letter sink where none is in scope. */
export function noDeadLetterSink(error: PipelineError): PipelineError {
  return new PipelineError(error.code, {
    path: error.path,
    problem: `The policy chose 'deadLetter', but no dead-letter sink is in scope, so the item failed: ${sentence(error.cause ?? error)}`,
    remedy: 'Give the context or the runner a deadLetterSink, or let the composite inherit it.',
    ...('cause' in error ? { cause: error.cause } : {}),
  });
}

/** What was thrown, as the end of a sentence: with one full stop. */
function sentence(thrown: unknown): string {
  return `${printed(thrown).replace(/\.$/, '')}.`;
}
