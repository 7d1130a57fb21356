import { PipelineError } from '../errors/pipeline-error.js';
import { SourceNode } from './source-node.js';

/**
 * The node where a sub-pipeline gets its items from the composite that runs it.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-bridges.ts}
 */
export class PipelineInputSource<T> extends SourceNode<T> {
  /** Never called: the engine hands the items over. */
  override open(): Iterable<T> {
    throw new PipelineError('SUB_PIPELINE_NEEDS_INPUT', {
      problem: 'A PipelineInputSource has no items of its own.',
      remedy: 'Add it to a sub-pipeline, and run that as a composite, with runItem or with stream.',
    });
  }
}
