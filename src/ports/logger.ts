/** Writes one line of log: fields first, then the message, as pino has it. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => unknown;

/** Where the framework and its nodes write log lines; a pino logger is one as it is. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore = (): void => undefined;

/** A logger that drops every line: the default. */
export const silentLogger: Logger = Object.freeze({
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
});
