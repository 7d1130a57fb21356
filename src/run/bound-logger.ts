import { silentLogger } from '../ports/logger.js';
import type { Logger, LogMethod } from '../ports/logger.js';
import type { Redactor } from './redactor.js';
import type { RunIdentity } from './run-identity.js';

/** A logger that adds to each line which run, whose, and where, and replaces the values of secrets. */
export function boundLogger(logger: Logger, identity: RunIdentity, path: string, redactor: Redactor): Logger {
  if (logger === silentLogger) return logger;
  const bind =
    (level: keyof Logger): LogMethod =>
    (fields, message) => {
      const tenantId = identity.get('tenantId');
      const line = {
        runId: identity.get('runId'),
        ...(tenantId === undefined ? {} : { tenantId }),
        path,
        ...fields,
      };
      return logger[level](redactor.data(line), redactor.text(message));
    };
  return Object.freeze({
    trace: bind('trace'),
    debug: bind('debug'),
    info: bind('info'),
    warn: bind('warn'),
    error: bind('error'),
  });
}

/** Writes a line for the framework: a logger that throws changes nothing. */
export function quietly(
  logger: Logger,
  level: 'warn' | 'error',
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  try {
    logger[level](fields, message);
  } catch {
    // Nobody is left to tell.
  }
}
