import { rule } from '../errors/option-rules.js';

/** Writes one line of log: fields first, then the message, as pino has it. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => unknown;

/** Where the framework and its nodes write log lines; a pino logger is one as it is. */
export interface Logger {
  /** The finest of your nodes' lines; the framework writes nothing below `warn`. */
  readonly trace: LogMethod;
  /** What helps to find a fault in a node. */
  readonly debug: LogMethod;
  /** What a node did, for those who operate the pipeline. */
  readonly info: LogMethod;
  /** Also from the framework: what an observer threw, which changes nothing in the run. */
  readonly warn: LogMethod;
  /** Also from the framework: what failed when the end of its run was decided already. */
  readonly error: LogMethod;
}

/** The rule of an option that is a {@link Logger}. */
export const loggerRule = rule.having('trace', 'debug', 'info', 'warn', 'error');

const ignore = (): void => undefined;

/** A logger that drops every line: the default. */
export const silentLogger: Logger = Object.freeze({
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
});
