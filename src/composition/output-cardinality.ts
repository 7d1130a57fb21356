import { PipelineError } from '../errors/pipeline-error.js';
import type { OutputCardinality } from '../nodes/composite-options.js';

/** What one child gave. */
export interface ChildOutputs {
  /** How many outputs there were. */
  readonly count: number;
  /** Whether an error policy in the child ended the item on purpose. */
  readonly isHandled: boolean;
}

/** A child that may have left its item out. */
export interface HandlingChild extends ChildOutputs {
  /** The error that a policy in the child has answered by leaving the item out, and where. */
  readonly handledError: { readonly path: string; readonly error: PipelineError } | undefined;
}

/**
 * The error of a run that owes its caller an output, but whose item a policy has left out; undefined where there is none.
 *
 * A composite takes such an item as filtered. A caller who was promised a value must not get undefined.
 */
export function handledProblem(
  cardinality: OutputCardinality,
  { count, handledError }: HandlingChild,
): PipelineError | undefined {
  const isOptional = cardinality === 'optional' || cardinality === 'many';
  if (count > 0 || handledError === undefined || isOptional) return undefined;
  const { path, error } = handledError;
  return new PipelineError('COMPOSITE_NO_OUTPUT', {
    path,
    problem: `The error policy of this node has left the item out, so there is no output, but output: '${cardinality}' promises one.`,
    remedy: "Choose output: 'optional', or let the policy fail. The error that it has handled is the cause.",
    cause: error.code === 'NODE_FAILED' && 'cause' in error ? error.cause : error,
  });
}

/**
 * What is wrong with the number of outputs of one child, undefined when nothing is.
 *
 * An item that a policy in the child skipped or dead-lettered counts as filtered, under every cardinality.
 */
export function outputProblem(
  cardinality: OutputCardinality,
  { count, isHandled }: ChildOutputs,
  path: string,
): PipelineError | undefined {
  if (count === 0 && !isHandled && cardinality !== 'optional' && cardinality !== 'many') {
    return new PipelineError('COMPOSITE_NO_OUTPUT', {
      path,
      problem: `The sub-pipeline gave no output for an item, but the composite has output: '${cardinality}'.`,
      remedy:
        "If it may filter items out, choose output: 'optional'; if it may give several, output: 'many'.",
    });
  }
  if (count > 1 && (cardinality === 'one' || cardinality === 'optional')) {
    return new PipelineError('COMPOSITE_MULTIPLE_OUTPUTS', {
      path,
      problem: `The sub-pipeline gave ${String(count)} outputs for an item, but output: '${cardinality}' takes one at most.`,
      remedy:
        "Choose the composite's output: 'many' for all of them, 'first' or 'last' for one. A fallback of any other node gives one.",
    });
  }
  return undefined;
}
