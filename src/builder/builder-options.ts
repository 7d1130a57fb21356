import type { ValidationProblem } from '../errors/pipeline-validation-error.js';
import type { OutputHandle } from '../graph/handles.js';
import type {
  ChildInputOf,
  CombinedOutputOf,
  ItemCompositeOptions,
  StreamCompositeOptions,
} from '../nodes/composite-options.js';

declare const noItem: unique symbol;

/** The item type of a pipeline that takes none, or gives none: the root of a run. */
export interface NoItem {
  /** @hidden */
  readonly [noItem]: never;
}

/** What `validate` found. */
export interface ValidationResult {
  /** Whether `build` would succeed; warnings do not count. */
  readonly ok: boolean;
  /** What `build` would throw in its error's `errors`. */
  readonly errors: readonly ValidationProblem[];
  /** What builds but is likely to fail when it runs, such as a one-shot source in a child. */
  readonly warnings: readonly ValidationProblem[];
}

/** `{ from }` of a node that takes items: connects, and types what the node gets. */
export interface FromOption<out T> {
  /** The node whose items it gets. */
  readonly from?: OutputHandle<T> | undefined;
}

/** Options of a composite, of either granularity; `input` and `combine` are for one that runs once per item. */
export type CompositeOptions<TItem = unknown> = (
  | (ItemCompositeOptions<TItem> & {
      /** Makes what the child gets of an item. Default: the item itself. */
      readonly input?: ChildInputOf<TItem, unknown> | undefined;
      /** Makes what leaves of an item and an output of its child. Default: the output itself. */
      readonly combine?: CombinedOutputOf<TItem, never, unknown> | undefined;
    })
  | (StreamCompositeOptions & {
      /** Refused: there is no single item to make something of. */
      readonly input?: undefined;
      /** Refused: there is no single item to combine an output with. */
      readonly combine?: undefined;
    })
) &
  FromOption<TItem>;
