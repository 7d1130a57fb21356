import { PipelineError } from '../../../src/errors/pipeline-error.js';

/** The error that a function throws; a test fails where it returns or throws something else. */
export function errorOf(work: () => unknown): PipelineError {
  try {
    work();
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new TypeError('expected a PipelineError, nothing was thrown');
}

/** Hands a value to a function that its types keep it from: what plain JavaScript can do. */
// The one cast of the tests: the caller says what it pretends.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function misuse<T>(value: unknown): T {
  return value as T;
}

/** A function that throws what it is given. */
export function throws(value: unknown): () => never {
  return () => {
    throw value;
  };
}
