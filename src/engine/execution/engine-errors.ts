import type { ContextFrame } from '../../context/context-frame.js';
import { ignoreRejection, isInstanceOf } from '../../data/foreign-value.js';
import { BudgetExceededError } from '../../errors/budget-exceeded-error.js';
import { ItemRefusal } from '../../errors/item-refusal.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import type { RunCancelledError } from '../../errors/run-cancelled-error.js';
import { printed } from '../../ports/error-record.js';
import { frozenValueHint } from './frozen-value-hint.js';

/** Wraps an error of user code as `NODE_FAILED`, with the original as cause; a refusal by the library keeps its code. */
export function nodeFailed(
  path: string,
  thrown: unknown,
  doing = 'failed',
  frame?: ContextFrame,
): PipelineError {
  if (isInstanceOf(thrown, ItemRefusal)) return thrown.at(path);
  return failure(path, thrown, doing, frame, 'mend it, or give the node an errorPolicy.');
}

/**
 * Wraps an error of user code that belongs to no single item; error policies do not handle it.
 *
 * Used for sources, stream transforms, stream sinks, `init` and `flush`.
 */
export function wholeNodeFailed(
  path: string,
  thrown: unknown,
  doing = 'failed',
  frame?: ContextFrame,
): PipelineError {
  return failure(path, thrown, doing, frame, "mend it, or handle it in the node's own code.");
}

/**
 * What a policy called because an item had failed, and what failed as well; the cause holds both errors.
 *
 * @param what what was called, as its node's.
 * @param original what the node threw.
 */
export function alsoFailed(path: string, what: string, original: unknown, thrown: unknown): PipelineError {
  ignoreRejection(thrown);
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node failed: ${sentence(original)} Then ${what} failed: ${sentence(thrown)}`,
    remedy: "The cause holds both errors; mend them, or give the node's errorPolicy a rule behind that one.",
    cause: new AggregateError([original, thrown], `a node and ${what} failed`),
  });
}

/** @param frame the node's context, searched for the frozen value that the code tried to change. */
function failure(
  path: string,
  thrown: unknown,
  doing: string,
  frame: ContextFrame | undefined,
  mend: string,
): PipelineError {
  // User code may throw a promise; its rejection must not end the process.
  ignoreRejection(thrown);
  const hint = frame === undefined ? undefined : frozenValueHint(thrown, frame);
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node ${doing}: ${sentence(thrown)}`,
    remedy: `${hint === undefined ? '' : `${hint} `}The original error is the cause; ${mend}`,
    cause: thrown,
  });
}

/** The error of a try that took longer than `timeoutMs`. */
export function nodeTimeout(path: string, timeoutMs: number): PipelineError {
  return new PipelineError('NODE_TIMEOUT', {
    path,
    problem: `One try took longer than its limit of ${String(timeoutMs)} ms.`,
    remedy: 'Raise timeoutMs, let the work end when context.signal aborts, or give an errorPolicy.',
  });
}

/** The error of a source that gave no item within `idleTimeoutMs`. */
export function sourceIdle(path: string, idleTimeoutMs: number): PipelineError {
  return new PipelineError('NODE_TIMEOUT', {
    path,
    problem: `The source gave no item for ${String(idleTimeoutMs)} ms (idleTimeoutMs) while one was waited for.`,
    remedy: 'Raise idleTimeoutMs, or let the source end, or fail, when nothing comes.',
  });
}

/** The error of a flush that had not ended at the run's deadline. */
export function flushUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node's flush had not ended ${String(graceMs)} ms (graceMs) after the last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/** The error of a written stream that had not ended at the run's deadline. */
export function streamUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('NODE_FAILED', {
    path,
    problem: `The node's stream had not ended ${String(graceMs)} ms (graceMs) after the run's last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/** The error of a disposer that had not ended at the run's deadline. */
export function disposerUnanswered(path: string, graceMs: number): PipelineError {
  return new PipelineError('DISPOSAL_FAILED', {
    path,
    problem: `A disposer had not ended ${String(graceMs)} ms (graceMs) after the last item.`,
    remedy: "Let it end sooner, or raise the runner's graceMs.",
  });
}

/**
 * The error that a composite reports for a child whose cancel scope has ended.
 *
 * A budget that ended it gives its own error.
 */
export function scopeError(reason: RunCancelledError): PipelineError {
  const { cause } = reason;
  return isInstanceOf(cause, BudgetExceededError) ? cause : reason;
}

/** The error of a lineage sink or dead-letter sink that failed; no error policy handles this error. */
export function sinkRejected(path: string, what: string, thrown: unknown): PipelineError {
  return new PipelineError('SINK_REJECTED', {
    path,
    problem: `The ${what} failed: ${sentence(thrown)}`,
    remedy: `Mend the ${what}; its error is the cause. Items must not be lost in silence, so the run ends.`,
    cause: thrown,
  });
}

/** The error of an item that a policy sent to the dead-letter sink while no such sink is in scope. */
export function noDeadLetterSink(error: PipelineError): PipelineError {
  return new PipelineError(error.code, {
    path: error.path,
    problem: `The policy chose 'deadLetter', but no dead-letter sink is in scope, so the item failed: ${sentence(error.cause ?? error)}`,
    remedy: 'Give the context or the runner a deadLetterSink, or let the composite inherit it.',
    ...('cause' in error ? { cause: error.cause } : {}),
  });
}

/** Prints a thrown value so that it ends with exactly one full stop. */
function sentence(thrown: unknown): string {
  return `${printed(thrown).replace(/\.$/, '')}.`;
}
