import { PipelineError } from '../../errors/pipeline-error.js';
import { printed, toErrorRecord } from '../../ports/error-record.js';
import type { ErrorRecord } from '../../ports/error-record.js';

/** How many failures are kept with all that they say; the others are counted. */
export const MOST_SHOWN = 100;

/** What no policy of a run has handled. */
export interface RunFailures {
  /** The first 100 of them, in the order in which they came. */
  readonly shown: readonly ErrorRecord[];
  /** How many there were. */
  readonly total: number;
}

/** Notes failures: the first ones as they are, of all how many. */
class BoundedFailures<T> {
  readonly shown: T[] = [];
  total = 0;

  add(make: () => T): void {
    this.total += 1;
    if (this.shown.length < MOST_SHOWN) this.shown.push(make());
  }
}

/** What no policy of a run has handled, while the run goes on. */
export class FailureList extends BoundedFailures<ErrorRecord> {
  /** @param attempts how often the item was tried. */
  note(error: PipelineError, attempts: number, at: number): void {
    this.add(() => Object.freeze({ ...toErrorRecord(error), ...(attempts > 1 ? { attempts } : {}), at }));
  }

  /** Counts failures of which nothing else is known. */
  countMore(failures: number): void {
    this.total += failures;
  }
}

/** The items of one execution that its policies have collected. */
export class CollectedFailures extends BoundedFailures<PipelineError> {
  /** The error that ends the execution, once all other items have ended. */
  error(path: string): PipelineError {
    const { shown, total } = this;
    const items = total === 1 ? 'One item' : `${total.toLocaleString('en')} items`;
    return new PipelineError('ITEMS_FAILED', {
      path,
      problem: `${items} failed, and the policy chose 'collect', so the others went on (${firstOf(shown, total, path)}).`,
      remedy:
        "The first 100 errors are in the cause's errors, and in the failures of the run's result; mend them and run those items again.",
      cause: new AggregateError(shown.map(originalOf), `${items} failed`),
    });
  }
}

/** The first three of many errors in words, each with its path. */
export function firstOf(shown: readonly PipelineError[], total: number, path: string): string {
  const first = shown.slice(0, 3).map((error) => `${error.path ?? path}: ${printed(originalOf(error))}`);
  return [...first, ...(total > first.length ? ['...'] : [])].join('; ');
}

/** What user code has thrown; for an error of the engine, that error. */
export function originalOf(error: PipelineError): unknown {
  return error.code === 'NODE_FAILED' ? error.cause : error;
}
