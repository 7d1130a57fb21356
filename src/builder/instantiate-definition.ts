import { PipelineError } from '../errors/pipeline-error.js';
import { describeMisfit, printed } from '../ports/error-record.js';
import type { DefinitionSource } from './blueprint.js';
import { hasMethod } from './node-binding.js';

/**
 * The definition object of a class or an instance.
 *
 * @param make gives the instance of a class; default: constructed without arguments.
 * @throws {@link PipelineError} `DEFINITION_INVALID` when it is no definition or cannot be made.
 */
export function instantiateDefinition(
  source: DefinitionSource,
  path: string,
  make: (type: new () => object) => object = (type) => new type(),
): object {
  if (typeof source !== 'function') {
    if (hasMethod(source, 'define')) return source;
    throw invalid(path, `A definition was expected, but ${describeMisfit(source)} has no method 'define'.`);
  }
  if (!/^class\b/.test(Function.prototype.toString.call(source)) && !hasMethod(source.prototype, 'define')) {
    throw invalid(path, 'A function is no definition.');
  }
  let made: object;
  try {
    made = make(source as new () => object);
  } catch (thrown) {
    throw invalid(path, `'${source.name}' could not be made: ${printed(thrown)}.`, thrown);
  }
  if (hasMethod(made, 'define')) return made;
  throw invalid(path, `'${source.name}' has no method 'define'.`);
}

function invalid(path: string, problem: string, cause?: unknown): PipelineError {
  return new PipelineError('DEFINITION_INVALID', {
    path,
    problem,
    ...(cause === undefined
      ? { remedy: "Give a class with a method 'define(builder, context)', or an instance of one." }
      : { remedy: 'Mend its constructor, or bind what it needs; the original error is the cause.', cause }),
  });
}
