import { hasProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';

/** Something to call when an execution ends. */
export type Disposer = (() => unknown) | Disposable | AsyncDisposable;

/** A disposer with the path that is named if it fails. */
export interface RegisteredDisposer {
  readonly disposer: Disposer;
  readonly path: string;
}

/** What a disposer threw, and whose it was. */
export interface DisposerFailure {
  readonly path: string;
  readonly error: unknown;
}

/** Whether something can be called at the end of an execution. */
export function isDisposer(value: unknown): value is Disposer {
  if (typeof value === 'function') return true;
  return hasProperty(value, Symbol.asyncDispose) || hasProperty(value, Symbol.dispose);
}

/** Calls one disposer; the result is awaited by the caller if it is a promise. */
export function callDisposer(disposer: Disposer): unknown {
  if (typeof disposer === 'function') return disposer();
  if (Symbol.asyncDispose in disposer) return disposer[Symbol.asyncDispose]();
  disposer[Symbol.dispose]();
  return undefined;
}

/** Calls every disposer, one after the other, even if some fail; gives what was thrown. */
export async function callDisposers(disposers: readonly RegisteredDisposer[]): Promise<DisposerFailure[]> {
  const failures: DisposerFailure[] = [];
  for (const { disposer, path } of disposers) {
    try {
      await callDisposer(disposer);
    } catch (error) {
      failures.push({ path, error });
    }
  }
  return failures;
}

/** The error of an execution that succeeded but whose disposers did not; undefined where they did. */
export function disposalFailed(failures: readonly DisposerFailure[]): PipelineError | undefined {
  const [first, ...more] = failures;
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`;
  return new PipelineError('DISPOSAL_FAILED', {
    path: first.path,
    problem: `The work succeeded, but a disposer failed${others}: ${printed(first.error).replace(/\.$/, '')}.`,
    remedy: 'Mend the disposer; its error is the cause.',
    cause: more.length === 0 ? first.error : new AggregateError(failures.map(({ error }) => error)),
  });
}
