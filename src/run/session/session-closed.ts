import { PipelineError } from '../../errors/pipeline-error.js';

/** The error of a write to a closed session; `why` is a clause that completes the message. */
export function sessionClosed(key: string, why: string, path: string): PipelineError {
  return new PipelineError('SESSION_CLOSED', {
    path,
    problem: `'${key}' of the session cannot be changed: ${why}.`,
    remedy: 'Write while the work lasts, or let the composite share its session.',
  });
}
