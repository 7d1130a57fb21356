import { currentContext } from '../context/ambient-context.js';
import { frameOf } from '../context/pipeline-context.js';
import { reportFailure } from '../context/report-failure.js';
import { toErrorRecord } from '../ports/error-record.js';
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
  const error = new Error(`${what} (${place})`);
  if (logger !== undefined) {
    quietly(logger, 'error', { error: toErrorRecord(error) }, 'dead letters');
    return;
  }
  const context = currentContext();
  reportFailure(context && frameOf(context), error, 'dead letters');
}
