import { PipelineError } from './pipeline-error.js';

/** What a failure of a store is made of. */
interface StoreFailure {
  readonly problem: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The error of a store that did not do what it was asked for; final. */
export function storeUnavailable(failure: StoreFailure): PipelineError {
  return new PipelineError('STORE_UNAVAILABLE', failure);
}

/** The error of a store that may do in a moment what it could not do now: worth a repeat. */
export function storeUnavailableNow(failure: StoreFailure): PipelineError {
  return Object.assign(storeUnavailable(failure), { transient: true });
}

/** The error of stored data that are not what a store writes. */
export function damagedData(owner: string, part: string, cause?: unknown): PipelineError {
  return storeUnavailable({
    problem: `What is stored of ${owner} is damaged: '${part}' cannot be read.`,
    remedy: 'Restore the row from a backup, or remove it.',
    cause,
  });
}

/** The error of a store that was closed. */
export function storeClosed(): PipelineError {
  return storeUnavailable({
    problem: 'The store has been closed.',
    remedy: 'Make a new one.',
  });
}

/** The error of a database that this version must not write to. */
export function schemaUnsupported(problem: string, remedy: string, cause?: unknown): PipelineError {
  return new PipelineError('STORE_SCHEMA_UNSUPPORTED', {
    problem: `${problem} Nothing was changed.`,
    remedy,
    cause,
  });
}
