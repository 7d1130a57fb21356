import type { PipelineContext } from '../context/pipeline-context.js';
import { isThenable } from '../data/foreign-value.js';
import type { Constructor } from './constructor.js';
import { SKIP } from './skip.js';
import type { OpenOperator, OperatorOutput, shape, ShapedOperator } from './stream-operator.js';

/** Works on one item at a time: gives what goes on, a promise of it, or `SKIP`. */
export interface ItemStep {
  transform(item: unknown, context: PipelineContext): unknown;
  /** True once it needs no more items. */
  readonly isEnough?: boolean;
}

/** What the builder and the engine must know of an operator of the library. */
export interface OperatorTraits {
  /** True if it can have enough before the stream ends. */
  readonly endsStream?: boolean;
  /** True if a policy's fallback can stand in for its output. */
  readonly takesFallback?: boolean;
}

/** An operator that makes at most one output of each item, so that the engine calls it as it calls a transform. */
export class ItemOperator<in TIn, out TOut, out S> implements ShapedOperator<TIn, TOut, S> {
  declare readonly [shape]: S;

  /** @param step what works on the items: an instance, or for one that keeps something a class, made per execution. */
  constructor(
    readonly kind: string,
    readonly options: Readonly<Record<string, unknown>>,
    readonly step: ItemStep | Constructor<ItemStep>,
    readonly traits: OperatorTraits = {},
  ) {}

  open(output: OperatorOutput<TOut>, context: PipelineContext): OpenOperator<TIn> {
    const step = typeof this.step === 'function' ? new this.step() : this.step;
    const send = (result: unknown): unknown => (result === SKIP ? undefined : output(result as TOut));
    return {
      push: (item) => {
        const result = step.transform(item, context);
        return isThenable(result) ? Promise.resolve(result).then(send) : send(result);
      },
      end: () => undefined,
      isClosed: () => step.isEnough === true,
    };
  }
}
