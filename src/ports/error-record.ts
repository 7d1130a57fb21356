import { inspect } from 'node:util';
import { PipelineError } from '../errors/pipeline-error.js';

/** An error as plain data, with its chain of causes: what events, dead letters and records hold. */
export interface ErrorRecord {
  /** The error's `name`; `NonError` for a thrown value that is no error. */
  readonly name: string;
  /** The `code` of the error, where it has one. */
  readonly code?: string | undefined;
  /** The error's message; a value that is no error is printed. */
  readonly message: string;
  /** For logs only: its form is the matter of the JavaScript engine. */
  readonly stack?: string | undefined;
  /** The path of a `PipelineError`. */
  readonly path?: string | undefined;
  /** What the error was caused by; of a longer chain the first 16 causes. */
  readonly cause?: ErrorRecord | undefined;
}

/** How far the causes of an error are followed. */
export const MAX_CAUSES = 16;

/** Describes anything thrown as plain data, and never throws itself; a chain of more than 16 causes is cut. */
export function toErrorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (!(thrown instanceof Error)) return Object.freeze({ name: 'NonError', message: printed(thrown) });
  try {
    return Object.freeze(recordOf(thrown, depth));
  } catch {
    return Object.freeze({ name: 'Error', message: printed(thrown) });
  }
}

function recordOf(error: Error, depth: number): ErrorRecord {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    message: printed(error),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error instanceof PipelineError && error.path !== undefined ? { path: error.path } : {}),
    ...(!('cause' in error) || depth === MAX_CAUSES ? {} : { cause: toErrorRecord(error.cause, depth + 1) }),
  };
}

/** A thrown value in words; never throws itself. */
export function printed(thrown: unknown): string {
  try {
    if (typeof thrown !== 'object' || thrown === null) return String(thrown);
    // The message of an error may be anything, whatever its type says.
    const text: unknown = thrown instanceof Error ? thrown.message : JSON.stringify(thrown);
    return typeof text === 'string' ? text : inspect(text);
  } catch {
    return 'a value that cannot be printed';
  }
}

/** What was given in place of something else, in words; an undefined import is the usual cause of undefined. */
export function describeMisfit(given: unknown): string {
  if (given === undefined) return 'undefined (is an import circular?)';
  return given === null ? 'null' : `a value of type ${typeof given}`;
}
