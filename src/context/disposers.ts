import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';

/** Something to call when an execution ends. */
export type Disposer = (() => unknown) | Disposable | AsyncDisposable;

/** Calls one disposer; the result is awaited by the caller if it is a promise. */
export function callDisposer(disposer: Disposer): unknown {
  if (typeof disposer === 'function') return disposer();
  if (Symbol.asyncDispose in disposer) return disposer[Symbol.asyncDispose]();
  disposer[Symbol.dispose]();
  return undefined;
}

/** Calls every disposer, one after the other, even if some fail; gives what was thrown. */
export async function callDisposers(disposers: readonly Disposer[]): Promise<unknown[]> {
  const thrown: unknown[] = [];
  for (const disposer of disposers) {
    try {
      await callDisposer(disposer);
    } catch (error) {
      thrown.push(error);
    }
  }
  return thrown;
}

/** The error of an execution that succeeded but whose disposers did not. */
export function disposalFailed(path: string, thrown: readonly unknown[]): PipelineError {
  return new PipelineError('DISPOSAL_FAILED', {
    path,
    problem: `The work succeeded, but ${String(thrown.length)} disposer(s) failed, the first with: ${printed(thrown[0])}.`,
    remedy: 'Mend the disposer; its error is the cause.',
    cause: thrown.length === 1 ? thrown[0] : new AggregateError(thrown),
  });
}
