import type { PipelineContext } from '../context/pipeline-context.js';
import { isThenable, whenSettled } from '../data/foreign-value.js';
import type { NodeOptions } from '../nodes/node-options.js';

/** Looks at an item; what it gives is awaited and dropped. */
export type TapFunction<in T> = (item: T, context: PipelineContext) => unknown;

/** Options of a tap. */
export interface TapOptions extends Omit<NodeOptions, 'lifetime'> {
  /**
   * What an error of the function does. `fail`, the default: the node's `errorPolicy` decides. `ignore`: the item goes on,
   * is counted as `ignored`, and observers are told `itemFailed`.
   */
  readonly onError?: 'fail' | 'ignore' | undefined;
}

/** Calls a function with each item, and gives the item. */
export class Tap {
  constructor(private readonly look: TapFunction<unknown>) {}

  transform(item: unknown, context: PipelineContext): unknown {
    const given = this.look(item, context);
    if (!isThenable(given)) return item;
    return whenSettled(
      given,
      () => item,
      (thrown) => {
        throw thrown;
      },
    );
  }
}
