import { hasMethod, ignoreRejection, isThenable, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { isForAsynchronous } from '../ports/node-container.js';
import { describeMisfit, printed } from '../ports/error-record.js';
import type { DefinitionSource } from './blueprint.js';
import { hasInjectionMetadata } from './injection-metadata.js';

/**
 * The definition object of a class or an instance.
 *
 * @param boundInstance gives the instance of a class that a container makes; other classes are constructed without arguments.
 * @throws {@link PipelineError} `DEFINITION_INVALID` when it is no definition or cannot be made.
 */
export function instantiateDefinition(
  source: DefinitionSource,
  path: string,
  boundInstance?: (type: new () => object) => object | undefined,
): object {
  if (typeof source !== 'function') {
    if (hasMethod(source, 'define')) return source;
    throw invalid(path, `A definition was expected, but ${describeMisfit(source)} has no method 'define'.`);
  }
  if (
    !/^class\b/.test(Function.prototype.toString.call(source)) &&
    !hasMethod(readProperty(source, 'prototype'), 'define')
  ) {
    throw invalid(path, 'A function is no definition.');
  }
  const type = source as new () => object;
  const unmade = (thrown: unknown): PipelineError =>
    invalid(path, `'${source.name}' could not be made: ${printed(thrown)}.`, thrown);
  let made: unknown;
  try {
    made = boundInstance?.(type);
  } catch (thrown) {
    throw isForAsynchronous(thrown) ? boundLater(source, path, { cause: thrown }) : unmade(thrown);
  }
  if (made === undefined && hasInjectionMetadata(type)) {
    throw new PipelineError('DEFINITION_INVALID', {
      path,
      problem: `'${source.name}' is decorated for injection, but not bound in a container of the runner.`,
      remedy: `Bind ${source.name} and what it needs in the runner's container, or give an instance.`,
    });
  }
  try {
    made ??= new type();
  } catch (thrown) {
    throw unmade(thrown);
  }
  if (isThenable(made)) {
    ignoreRejection(made);
    throw boundLater(source, path);
  }
  if (hasMethod(made, 'define')) return made as object;
  throw invalid(path, `'${source.name}' has no method 'define'.`);
}

function boundLater(
  { name }: { readonly name: string },
  path: string,
  more: { cause?: unknown } = {},
): PipelineError {
  return new PipelineError('DEFINITION_INVALID', {
    path,
    problem: `'${name}' is bound asynchronously, but a definition is needed at once.`,
    remedy: 'Bind it and what it needs synchronously, and let its nodes have what is asynchronous.',
    ...more,
  });
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
