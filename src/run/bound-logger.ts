import { ignoreRejection, isError, isInstanceOf, isThenable, toPromise } from '../data/foreign-value.js';
import { printed } from '../ports/error-record.js';
import { silentLogger } from '../ports/logger.js';
import type { Logger, LogMethod } from '../ports/logger.js';
import type { Redactor } from './secrets/redactor.js';
import type { RunIdentity } from './run-identity.js';

type Level = keyof Logger;
type Write = (level: Level, line: readonly unknown[]) => unknown;

/** Something that pino has beside the methods of a {@link Logger}. */
interface Leveled {
  isLevelEnabled(level: Level): boolean;
}

/**
 * A logger that adds to each line which run, whose, and where, and replaces the values of secrets.
 *
 * It takes what pino takes: fields, an error or neither, a message or none, and what is put into the message. What the
 * logger behind it throws or rejects with changes nothing: a warning of the process tells of it, once per run.
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
  /** Writes a line that has its fields already; never throws. */
  readonly #write: Write;
  readonly #failed: (thrown: unknown) => void;

  constructor(logger: Logger, identity: RunIdentity, path: string, redactor: Redactor) {
    this.#logger = logger;
    this.#identity = identity;
    this.#path = path;
    const failed = (thrown: unknown): void => {
      tellOnce(thrown, path, redactor);
    };
    // Of a run inside a run, the inner one's fields are the line's.
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
      // An answer that comes later is none.
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
      // A line is of the run that writes it, whatever its fields say.
      const fields = { ...ids, path: this.#path, ...own, ...ids };
      return this.#write(level, [fields, ...given]);
    };
  }
}

/** A logger for one place of one run; one that drops every line stays as it is. */
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

/** Tells of a logger that has failed, where no line of the run can. */
function tellOnce(thrown: unknown, path: string, redactor: Redactor): void {
  if (redactor.hasToldOfLogger) return;
  redactor.hasToldOfLogger = true;
  process.emitWarning(redactor.text(`The logger of the run failed at '${path}': ${printed(thrown)}`));
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
    ignoreRejection(logger[level](fields, message));
  } catch {
    // Nor here.
  }
}
