import { ignoreRejection, isThenable } from '../../data/foreign-value.js';
import { PipelineError } from '../../errors/pipeline-error.js';
import { nodeFailed } from '../execution/engine-errors.js';

/** Options of a composite that are functions called for each item. */
export type ItemCallback = 'with' | 'input' | 'combine';

/**
 * Calls a synchronous function of a composite, and returns its result.
 *
 * @throws {@link PipelineError} `NODE_FAILED` when the function throws, `OPTION_INVALID` when it returns a promise.
 */
export function answerAtOnce<TArguments extends readonly unknown[], TAnswer>(
  path: string,
  name: ItemCallback,
  callback: (...args: TArguments) => TAnswer,
  ...args: TArguments
): TAnswer {
  let answer: TAnswer;
  try {
    answer = callback(...args);
  } catch (thrown) {
    throw nodeFailed(path, thrown, `failed in its '${name}'`);
  }
  if (!isThenable(answer)) return answer;
  ignoreRejection(answer);
  throw wrongAnswer(path, name, 'gave a promise, but its answer is needed at once', WAITING_REMEDY);
}

/** The error of a composite's function that returned a value which is not allowed. */
export function wrongAnswer(
  path: string,
  name: ItemCallback,
  problem: string,
  remedy: string,
): PipelineError {
  return new PipelineError('OPTION_INVALID', {
    path,
    problem: `The composite's '${name}' ${problem}.`,
    remedy,
  });
}

const WAITING_REMEDY = 'Await in a transform before or behind the composite, or in the sub-pipeline.';
