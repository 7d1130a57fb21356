import { currentContext } from '../context/ambient-context.js';
import { frameOf } from '../context/pipeline-context.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { quietly } from '../run/bound-logger.js';

/**
 * Tells what became of letters without anybody asking.
 *
 * It is a line of the logger, else of that of the run around, else a warning of the process.
 *
 * @param what what happened, as a sentence without its end.
 * @param place where the letters are kept.
 */
export function tellOfLetters(what: string, place: string, logger?: Logger): void {
  const message = `dead letters: ${what} (${place})`;
  const context = currentContext();
  const frame = context && frameOf(context);
  if (logger !== undefined) quietly(logger, 'warn', {}, message);
  else if (frame !== undefined && frame.services.logger !== silentLogger) frame.report('warn', {}, message);
  else process.emitWarning(frame?.services.run.redactor.text(message) ?? message);
}
