import { silentLogger } from '../ports/logger.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { ContextFrame } from './context-frame.js';

/**
 * Tells of a failure that no caller hears of: a line of the context's logger, or a warning of the process.
 *
 * The process warns where there is no context, or its logger is the one that drops every line.
 */
export function reportFailure(frame: ContextFrame | undefined, error: unknown, message: string): void {
  if (frame !== undefined && frame.services.logger !== silentLogger) {
    frame.report('error', { error }, message);
    return;
  }
  const record = toErrorRecord(error);
  const { message: text, stack: detail } = frame?.services.run.redactor.data(record) ?? record;
  process.emitWarning(`${message}: ${text}`, { detail });
}
