import { PipelineError } from '../errors/pipeline-error.js';

/** The error of code that requires a tenant in a run without one. */
export function tenantRequired(path: string): PipelineError {
  return new PipelineError('TENANT_REQUIRED', {
    path,
    problem: 'A tenant is required here, and the run has none.',
    remedy: "Give it in the run's options: run: { tenantId }.",
  });
}
