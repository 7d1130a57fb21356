import { PipelineError } from './pipeline-error.js';

/** The error of a start, or a removal, that a thread with an open run does not allow. */
export function runConflict(threadId: string, activeRunId: string): PipelineError {
  return new PipelineError('RUN_CONFLICT', {
    problem: `The thread '${threadId}' has a run that has not ended: '${activeRunId}'.`,
    remedy: 'Wait for that run, cancel it, or start with another strategy.',
  });
}

/** The error of a question about a run that is not there, or not the asker's. */
export function runNotFound(runId: string): PipelineError {
  return new PipelineError('RUN_NOT_FOUND', {
    problem: `There is no run '${runId}'.`,
    remedy: 'Check the id and the tenant; ended runs may have been pruned.',
  });
}

/** The error of an idempotency key that is taken. */
export function idempotencyConflict(key: string): PipelineError {
  return new PipelineError('IDEMPOTENCY_CONFLICT', {
    problem: `The idempotency key '${key}' belongs to another run.`,
    remedy: 'Make a new key for each thing that is to be done once.',
  });
}

/** The error of a start that finds too many runs of its thread waiting. */
export function queueOfThreadFull(threadId: string, maxQueued: number): PipelineError {
  return new PipelineError('QUEUE_FULL', {
    problem: `The thread '${threadId}' has ${String(maxQueued)} runs waiting, which is the most.`,
    remedy: 'Start it later, or raise maxQueued of the manager.',
  });
}

/** The error of a write to a run that belongs to another owner by now. */
export function leaseLost(runId: string): PipelineError {
  return new PipelineError('LEASE_LOST', {
    problem: `The run '${runId}' belongs to another owner, or is gone.`,
    remedy: 'Read its record to see how it ended. A longer leaseMs bears longer pauses of the process.',
  });
}

/** The error of a run whose changes of its session another run has made too. */
export function sessionConflict(keys: readonly string[], path?: string): PipelineError {
  return new PipelineError('SESSION_CONFLICT', {
    path,
    problem: `Since this run began, another one has committed what it changed of the session too: '${keys.join("', '")}'. Nothing was kept.`,
    remedy: 'Run it again, or let runs of one conversation follow one another.',
  });
}

/** The error of a session that another run has saved meanwhile. */
export function sessionSavedMeanwhile(threadId: string): PipelineError {
  return new PipelineError('SESSION_CONFLICT', {
    problem: `The session of the thread '${threadId}' has been saved by another run meanwhile. Nothing was kept.`,
    remedy: 'Run it again, or let runs of one thread follow one another.',
  });
}
