import type { PipelineErrorCode } from './error-code.js';

/** What an error is made of: the failure, the place, and what to do next. */
export interface PipelineErrorDetails {
  /** What failed, as a sentence. */
  readonly problem: string;
  /** What to do next, as a sentence; it ends the message. */
  readonly remedy: string;
  /** The slash-separated address of the node or pipeline that failed. */
  readonly path?: string | undefined;
  /** The original error, kept as it was thrown, even if that was undefined. */
  readonly cause?: unknown;
}

/** The remedy at the end of the message of an error; undefined for one of another copy of the library. */
export let remedyOf: (error: PipelineError) => string | undefined;

/** Notes which item a node had when this error failed its execution; the innermost node, which is the first, counts. */
export let noteFailedItem: (error: PipelineError, value: unknown) => void;

/** The item that was noted; undefined where no item was concerned. */
export let failedItemOf: (error: PipelineError) => { readonly value: unknown } | undefined;

/**
 * The base of every error this library throws: a stable `code`, the `path`, and a message with a remedy.
 *
 * An error that ends a run also carries the run's `result`, which is not enumerable, so that logging the
 * error does not print parameters.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-error.ts}
 */
export class PipelineError extends Error {
  /** The stable name of the failure. */
  readonly code: PipelineErrorCode;
  /** The slash-separated address of the node or pipeline that failed, where there is one. */
  readonly path: string | undefined;
  readonly #remedy: string;
  #failedItem: { readonly value: unknown } | undefined;

  constructor(code: PipelineErrorCode, details: PipelineErrorDetails) {
    super(describeProblem(code, details), 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.path = details.path;
    this.#remedy = details.remedy;
  }

  static {
    this.prototype.name = 'PipelineError';
    remedyOf = (error) => (#remedy in error ? error.#remedy : undefined);
    failedItemOf = (error) => (#remedy in error ? error.#failedItem : undefined);
    noteFailedItem = (error, value) => {
      if (#remedy in error) error.#failedItem ??= { value };
    };
  }
}

/** The message of a problem: where, what, and what to do next with the section of the manual that explains it. */
export function describeProblem(code: PipelineErrorCode, details: PipelineErrorDetails): string {
  const place = details.path === undefined || details.path === '' ? '' : `${details.path}: `;
  const gap = details.problem.endsWith('\n') ? '' : ' ';
  return `${place}${details.problem}${gap}${details.remedy} (docs/errors.md#${code.toLowerCase()})`;
}
