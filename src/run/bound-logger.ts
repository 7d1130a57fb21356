import { silentLogger } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import type { Redactor } from './redactor.js';
import type { RunIdentity } from './run-identity.js';

type Level = keyof Logger;
type Write = (level: Level, line: readonly unknown[]) => unknown;
type IsEnabled = (level: Level) => boolean;

/** How loggers made here write a line that has its fields already. */
const writers = new WeakMap<Logger, Write>();

/**
 * A logger that adds to each line which run, whose, and where, and replaces the values of secrets.
 *
 * It takes what pino takes: fields, an error or neither, a message or none, and what is put into the message.
 */
export function boundLogger(logger: Logger, identity: RunIdentity, path: string, redactor: Redactor): Logger {
  if (logger === silentLogger) return logger;
  // Of a run inside a run, the inner one's fields are the line's.
  const pass: Write =
    writers.get(logger) ??
    ((level, line): unknown => Reflect.apply(logger[level] as (...line: unknown[]) => unknown, logger, line));
  const write: Write = (level, line) => pass(level, redactor.data(line));
  const isLevelEnabled: IsEnabled = (level) => {
    const asked = logger as { readonly isLevelEnabled?: unknown };
    return (
      typeof asked.isLevelEnabled !== 'function' ||
      (asked as { isLevelEnabled: IsEnabled }).isLevelEnabled(level)
    );
  };
  const bind =
    (level: Level) =>
    (...given: unknown[]): unknown => {
      if (!isLevelEnabled(level)) return undefined;
      const hasFields = typeof given[0] === 'object' || given[0] === undefined;
      const tenantId = identity.get('tenantId');
      const fields = {
        path,
        ...(hasFields ? fieldsOf(given.shift()) : undefined),
        // The last: a line is of the run that writes it, whatever its fields say.
        runId: identity.get('runId'),
        ...(tenantId === undefined ? undefined : { tenantId }),
      };
      return write(level, [fields, ...given]);
    };
  const bound = Object.freeze({
    trace: bind('trace'),
    debug: bind('debug'),
    info: bind('info'),
    warn: bind('warn'),
    error: bind('error'),
    isLevelEnabled,
  });
  writers.set(bound, write);
  return bound;
}

function fieldsOf(given: unknown): object {
  try {
    return given instanceof Error ? { err: given } : { ...(given as object | null | undefined) };
  } catch {
    return { fields: 'fields that cannot be read' };
  }
}

/** Writes a line for the framework: a logger that throws or rejects changes nothing. */
export function quietly(
  logger: Logger,
  level: 'warn' | 'error',
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  try {
    // Nobody is left to tell.
    Promise.resolve(logger[level](fields, message)).catch(() => undefined);
  } catch {
    // Nor here.
  }
}
