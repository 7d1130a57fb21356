import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { quietly } from '../run/bound-logger.js';
import { currentContext } from './ambient-context.js';
import { frameOf } from './pipeline-context.js';

/** Tells what no caller asked for: a line of the logger, else of that of the run around, else a warning of the process. */
export function tellUnasked(message: string, logger?: Logger): void {
  const context = currentContext();
  const frame = context && frameOf(context);
  if (logger !== undefined) quietly(logger, 'warn', {}, message);
  else if (frame !== undefined && frame.services.logger !== silentLogger) frame.report('warn', {}, message);
  else process.emitWarning(frame?.services.run.redactor.text(message) ?? message);
}
