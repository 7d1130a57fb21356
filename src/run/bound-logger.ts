import { ignoreRejection, isError, isInstanceOf, isThenable, toPromise } from '../data/foreign-value.js';
import { printed } from '../ports/error-record.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger, LogMethod } from '../ports/logger.js';
import type { Redactor } from './secrets/redactor.js';
import type { RunIdentity } from './run-identity.js';

type Level = keyof Logger;
type Write = (level: Level, line: readonly unknown[]) => unknown;

/** A method of pino that {@link Logger} does not have. */
interface Leveled {
  isLevelEnabled(level: Level): boolean;
}

/**
 * Adds run id, tenant and path to each line, replaces secret values, and writes to another logger.
 *
 * Takes the arguments of pino's methods: optional fields or an error, an optional message, and values for the message.
 * Errors and rejections of the other logger are ignored, except for one process warning per run.
 */
class BoundLogger implements Logger, Leveled {
  readonly trace = this.#bind('trace');
  readonly debug = this.#bind('debug');
  readonly info = this.#bind('info');
  readonly warn = this.#bind('warn');
  readonly error = this.#bind('error');
  readonly #logger: Logger;
  readonly #identity: RunIdentity;
  readonly #path: string;
  /** Writes a line whose fields are complete; never throws. */
  readonly #write: Write;
  readonly #failed: (thrown: unknown) => void;

  constructor(logger: Logger, identity: RunIdentity, path: string, redactor: Redactor) {
    this.#logger = logger;
    this.#identity = identity;
    this.#path = path;
    const failed = (thrown: unknown): void => {
      tellOnce(thrown, path, redactor);
    };
    // The logger of an outer run must not add its fields to a line of this run.
    const pass: Write = isInstanceOf(logger, BoundLogger)
      ? logger.#write
      : (level, line): unknown => {
          const written: unknown = Reflect.apply(
            logger[level] as (...line: unknown[]) => unknown,
            logger,
            line,
          );
          return isThenable(written) ? toPromise(written).catch(failed) : written;
        };
    this.#failed = failed;
    this.#write = (level, line) => {
      try {
        return pass(level, redactor.data(line));
      } catch (thrown) {
        failed(thrown);
        return undefined;
      }
    };
  }

  isLevelEnabled(level: Level): boolean {
    try {
      const asked = this.#logger as Partial<Leveled>;
      const answer: unknown = typeof asked.isLevelEnabled !== 'function' || asked.isLevelEnabled(level);
      if (!isThenable(answer)) return Boolean(answer);
      // The level must be known now: a promise counts as enabled.
      toPromise(answer).catch(this.#failed);
      return true;
    } catch (thrown) {
      this.#failed(thrown);
      return true;
    }
  }

  #bind(level: Level): LogMethod {
    return (...given: unknown[]) => {
      if (!this.isLevelEnabled(level)) return undefined;
      const hasFields = typeof given[0] === 'object' || given[0] === undefined;
      const tenantId = this.#identity.get('tenantId');
      const ids = {
        runId: this.#identity.get('runId'),
        ...(tenantId === undefined ? undefined : { tenantId }),
      };
      const own = hasFields ? fieldsOf(given.shift()) : undefined;
      // The ids come last, so that a line's own fields cannot change them.
      const fields = { ...ids, path: this.#path, ...own, ...ids };
      return this.#write(level, [fields, ...given]);
    };
  }
}

/** Makes the logger for one path of a run; the silent logger is returned unchanged. */
export function boundLogger(logger: Logger, identity: RunIdentity, path: string, redactor: Redactor): Logger {
  return logger === silentLogger ? logger : new BoundLogger(logger, identity, path, redactor);
}

function fieldsOf(given: unknown): object {
  try {
    return isError(given) ? { err: given } : { ...(given as object | null | undefined) };
  } catch {
    return { fields: 'fields that cannot be read' };
  }
}

/** Emits a process warning about a failed logger, once per run. */
function tellOnce(thrown: unknown, path: string, redactor: Redactor): void {
  if (redactor.hasToldOfLogger) return;
  redactor.hasToldOfLogger = true;
  process.emitWarning(redactor.text(`The logger of the run failed at '${path}': ${printed(thrown)}`));
}

/** Writes a line of the framework; errors and rejections of the logger are ignored. */
export function quietly(
  logger: Logger,
  level: 'warn' | 'error',
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  try {
    // The logger itself has failed, so there is no place to report that.
    ignoreRejection(logger[level](fields, message));
  } catch {
    // As for a rejection: there is no place to report the error.
  }
}
