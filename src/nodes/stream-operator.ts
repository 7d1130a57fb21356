import type { PipelineContext } from '../context/pipeline-context.js';
import type { Window, WindowShape } from './window.js';

/** Marks what an operator without a callback makes of the items that it gets; exists at compile time only. */
export declare const shape: unique symbol;

/**
 * Sends an item on.
 *
 * Gives undefined when the stages behind are done with it, else a promise of that, which never rejects. Who awaits it
 * does not run ahead of a slow reader. Items sent while another is under way wait for their turn.
 */
export interface OperatorOutput<in T> {
  (item: T): undefined | Promise<void>;
  /** True once nobody wants more: what is sent then is dropped. */
  readonly isClosed: boolean;
}

/** An operator at work in one execution; see {@link StreamOperator.open}. */
export interface OpenOperator<in TIn> {
  /**
   * Takes the next item, and sends none, one or many.
   *
   * The next item comes when it has returned, or when the returned promise has settled. What it throws is a failed item
   * under the node's error policy; it must leave the operator's state as it was, since the item may come again.
   */
  readonly push: (item: TIn) => unknown;
  /** Called once when no more items come: sends what is left. Not called after a failure or a cancel. */
  readonly end: () => unknown;
  /** True once it needs no more items; the sources before it are closed then. Default: never. */
  isClosed?(): boolean;
  /** Called once in every ending, last of all; what is sent then is dropped. */
  close?(): unknown;
}

/**
 * Turns one stream into another, item by item: what `addStreamTransform` takes besides a stream transform.
 *
 * It gets items by being called, and so costs no promise per item. `heirline/flow` holds many; write your own by
 * implementing this.
 *
 * An item counts as `out` with the first item sent after it was taken, or when the stream ends.
 *
 * @example
 * {@includeCode ../../examples/api/stream-operator.ts}
 */
export interface StreamOperator<in TIn, out TOut> {
  /** What it is, in a word or two: shown in drawings, and the default name of its node. */
  readonly kind: string;
  /** Its options as data: shown by `describe()`. */
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * Begins one execution; called once for each, when the first item comes or the stream ends without one.
   *
   * @param output sends items on.
   * @param context the node's view of the context; its `run.clock` ends with the execution.
   */
  open(output: OperatorOutput<TOut>, context: PipelineContext): OpenOperator<TIn>;
}

/** An operator whose output type follows from that of the node before it. */
export interface ShapedOperator<in TIn, out TOut, out S> extends StreamOperator<TIn, TOut> {
  /** @hidden */
  readonly [shape]: S;
}

/** What an operator of a shape makes of items of a type. */
export type Shaped<A, B, S> = unknown extends S
  ? B
  : S extends 'same'
    ? A
    : S extends 'batch'
      ? readonly A[]
      : S extends 'flat'
        ? ElementOf<A>
        : S extends WindowShape<infer TKey, infer TBound>
          ? Window<A, TKey, TBound>
          : B;

/** What stands in a window, in a list or another iterable, or in what can be iterated asynchronously. */
export type ElementOf<A> = A extends
  Iterable<infer T> | AsyncIterable<infer T> | Window<infer T, unknown, unknown>
  ? T
  : never;
