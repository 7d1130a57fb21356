import { writtenResult } from '../engine/execution/run-result.js';
import type { RunResult } from '../engine/execution/run-result.js';
import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';

/**
 * How a run ended, and whether the store knows it.
 *
 * Of a run that this manager has not executed, `pipelineId`, `nodes` and `context` are absent; the `counts` of its
 * record tell what passed each node.
 */
export interface ManagedRunResult
  extends
    Omit<RunResult, 'pipelineId' | 'nodes' | 'context'>,
    Partial<Pick<RunResult, 'pipelineId' | 'nodes' | 'context'>> {
  /** False where the end could not be stored yet; it is tried again until the manager is closed. */
  readonly persisted: boolean;
}

/** The result of a run as far as it is known: all of it, or what the record of the run tells. */
export type KnownResult = Omit<ManagedRunResult, 'persisted'>;

/** Adds to a result whether it is stored; as JSON it is written as before, with that. */
export function managedResult(result: KnownResult, persisted: boolean): ManagedRunResult {
  const managed = { ...result, persisted };
  Object.defineProperty(managed, 'toJSON', { value: toJSON });
  return Object.freeze(managed);
}

function toJSON(this: ManagedRunResult): Record<string, unknown> {
  return { ...writtenResult(this), persisted: this.persisted };
}

/** Lets an error that ended a run carry the managed result. */
export function carryResult(error: unknown, result: RunResult | undefined, persisted: boolean): void {
  if (result === undefined || !isInstanceOf(error, PipelineError)) return;
  Reflect.defineProperty(error, 'result', { value: managedResult(result, persisted), configurable: true });
}
