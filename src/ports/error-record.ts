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

const MAX_CAUSES = 16;

/** Describes anything thrown as plain data; a chain of more than 16 causes is cut. */
export function toErrorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (!(thrown instanceof Error)) {
    return Object.freeze({ name: 'NonError', message: printed(thrown) });
  }
  const code: unknown = 'code' in thrown ? thrown.code : undefined;
  return Object.freeze({
    name: thrown.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    message: thrown.message,
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown instanceof PipelineError && thrown.path !== undefined ? { path: thrown.path } : {}),
    ...(!('cause' in thrown) || depth === MAX_CAUSES
      ? {}
      : { cause: toErrorRecord(thrown.cause, depth + 1) }),
  });
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
