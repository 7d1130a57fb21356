import { isInstanceOf, readProperty } from '../data/foreign-value.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { validationProblem } from '../errors/pipeline-validation-error.js';
import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import { printed } from '../ports/error-record.js';
import type { PassingKey } from '../context/child-contract.js';
import type { Layer } from '../context/layer.js';
import type { SecretNames } from '../run/secrets/secret-names.js';
import type { Blueprint, DefinitionSource } from './blueprint.js';
import { recordDefinitionContext } from './definition-context.js';
import type { DefinitionContext, EntryReader, ParameterReads } from './definition-context.js';
import { nameProblem, nameRemedy } from './node-name.js';
import { definitionFacts } from './pipeline-metadata.js';
import type { DefinitionFacts } from './pipeline-metadata.js';
import { problemOfError } from './problem-of-error.js';

/** One pipeline to describe, at one place in the tree. */
export interface DescribeRequest {
  readonly source: DefinitionSource;
  /** What its class says about it. */
  readonly facts: DefinitionFacts;
  readonly name: string;
  readonly path: string;
  /** The pipelines above it, the root first. */
  readonly ancestors: readonly DefinitionSource[];
  /** What `define` can read. */
  readonly parameters: EntryReader;
  /** What those of its own children inherit from that take parameters as required: all that would reach it for them. */
  readonly reachable: Layer;
  /** What its other children inherit from, once it is known which keys pass through it. */
  layerWith(through: readonly PassingKey[]): Layer;
  /** The secrets that reach it; undefined for all. */
  readonly secrets: SecretNames | undefined;
  readonly environment: DescribeEnvironment;
}

/** What describing depends on: how a definition class becomes an instance, and how deep the tree may be. */
export interface DescribeEnvironment {
  /** @throws {@link PipelineError} `DEFINITION_INVALID`. */
  resolve(source: DefinitionSource, path: string): object;
  readonly maxDepth: number;
  /** Begins to describe; handed in, since a builder describes its children in turn. */
  open(request: DescribeRequest): OpenBuilder;
}

/** A builder while its definition describes itself. */
export interface OpenBuilder {
  readonly builder: object;
  /** Ends the description: the blueprint, or every problem. */
  close(reads: ParameterReads): Blueprint | readonly ValidationProblem[];
}

/** What describing came to. */
export type Description =
  | { readonly outcome: 'described'; readonly blueprint: Blueprint }
  /** `error` is the single error behind the problems, where there is one. */
  | {
      readonly outcome: 'invalid';
      readonly problems: readonly ValidationProblem[];
      readonly error?: PipelineError;
    }
  /** `define` requires a parameter that is absent. */
  | { readonly outcome: 'waiting'; readonly parameter: string; readonly error: PipelineError };

/** The class that a definition, given as class or instance, is of; `Object` for what is neither. */
export function definitionClass(source: unknown): object {
  if (typeof source === 'function') return source;
  const type = typeof source === 'object' ? readProperty(source, 'constructor') : undefined;
  return typeof type === 'function' ? type : Object;
}

/** What the class of a definition, given as class or instance, says about it. */
export function factsOf(source: unknown): DefinitionFacts {
  return definitionFacts(definitionClass(source));
}

/** Calls `define` once and gives what it described; never throws. */
export function describeDefinition(request: DescribeRequest): Description {
  const { source, facts, name, path, environment } = request;
  const problems = facts.problems.map((problem) =>
    validationProblem(
      'OPTION_INVALID',
      path,
      `Wrong metadata of '${facts.name}': ${problem}.`,
      'Correct what is named.',
    ),
  );
  const wrongName = nameProblem(facts.name);
  if (wrongName !== undefined)
    problems.push(validationProblem('NODE_NAME_INVALID', path, wrongName, nameRemedy));
  const recorded = recordDefinitionContext(name, path, request.parameters);
  const open = environment.open(request);
  try {
    const definition = environment.resolve(source, path) as {
      define(builder: object, context: DefinitionContext): unknown;
    };
    refuseAsync(definition.define(open.builder, recorded.context), path);
  } catch (thrown) {
    const error = isInstanceOf(thrown, PipelineError) ? thrown : defineFailed(path, thrown);
    if (
      recorded.missing !== undefined &&
      isInstanceOf(thrown, PipelineError) &&
      thrown.code === 'CONTEXT_KEY_MISSING'
    ) {
      return { outcome: 'waiting', parameter: recorded.missing, error };
    }
    return {
      outcome: 'invalid',
      problems: [problemOfError(error, error.path ?? path)],
      error,
    };
  } finally {
    recorded.close();
  }
  const closed = open.close(recorded.reads);
  if (problems.length === 0 && !Array.isArray(closed))
    return { outcome: 'described', blueprint: closed as Blueprint };
  return {
    outcome: 'invalid',
    problems: [...problems, ...(Array.isArray(closed) ? (closed as ValidationProblem[]) : [])],
  };
}

function refuseAsync(returned: unknown, path: string): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  // Its rejection has been answered by this error.
  Promise.resolve(returned).catch(() => undefined);
  throw new PipelineError('DEFINE_ASYNC', {
    path,
    problem: "'define' returned a promise, but a definition is described in one go.",
    remedy:
      "Make 'define' synchronous: load data before the run and pass it as parameters, or in a source's open.",
  });
}

function defineFailed(path: string, thrown: unknown): PipelineError {
  return new PipelineError('DEFINE_FAILED', {
    path,
    problem: `'define' threw: ${printed(thrown)}.`,
    remedy: 'Mend the definition; the original error is the cause.',
    cause: thrown,
  });
}
