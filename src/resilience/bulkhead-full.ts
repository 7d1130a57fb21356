import { PipelineError } from '../errors/pipeline-error.js';
import type { BulkheadNumbers } from './bulkhead.js';

/** The error of a call for which there was neither a place nor room to wait. */
export function bulkheadFull(path: string, { concurrent, queue }: BulkheadNumbers): PipelineError {
  return new PipelineError('BULKHEAD_FULL', {
    path,
    problem: `${concurrent} calls are under way and ${queue} wait, as many as the bulkhead of this node allows in all runs together.`,
    remedy: "Raise 'queue' or 'concurrent' of the bulkhead, or give an errorPolicy that retries.",
  });
}
