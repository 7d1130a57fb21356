import { readProperty } from '../data/foreign-value.js';
import type { PipelineBuilder } from '../builder/pipeline-builder.js';
import type { PipelineContext } from '../context/pipeline-context.js';

/** What a stubbed sub-pipeline was given: its inputs, and the child context of each. */
export interface RecordedChild<TIn = unknown> {
  /** One per call of the stub, in the order of the calls; a retry calls it again. */
  readonly inputs: readonly TIn[];
  /** In the order of `inputs`; what the composite passed can be read after the run too. */
  readonly contexts: readonly PipelineContext[];
}

/** A function in the place of a sub-pipeline. */
export type ChildStub = (item: unknown, context: PipelineContext) => unknown;

/** Stands in for a sub-pipeline wherever it is used, and records what that would have got. */
export class TestedChild implements RecordedChild {
  readonly inputs: unknown[] = [];
  readonly contexts: PipelineContext[] = [];
  /** Whether the pipeline under test has what it stands in for. */
  isUsed = false;

  constructor(
    readonly definition: object,
    private readonly stub: ChildStub,
  ) {}

  /** Whether it stands in for a definition: the same instance, or one of the same class. */
  replaces(source: object): boolean {
    const isOfClass = typeof source !== 'function' && readProperty(source, 'constructor') === this.definition;
    return source === this.definition || isOfClass;
  }

  /** Describes the sub-pipeline in its stead: the stub alone, in the child's context. */
  define(builder: PipelineBuilder<unknown, unknown>): void {
    const input = builder.addCompositeInput();
    const stub = builder.addTransform(
      (item: unknown, context) => {
        this.inputs.push(item);
        this.contexts.push(context);
        return this.stub(item, context);
      },
      { name: 'stub', from: input },
    );
    builder.addCompositeOutput({ from: stub });
  }
}
