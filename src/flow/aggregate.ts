import type { PipelineContext } from '../context/pipeline-context.js';
import { invalidOption, rule } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { StreamOperator } from '../nodes/stream-operator.js';
import { atOnce } from '../nodes/callbacks.js';
import type { FlowKey } from '../nodes/flow-key.js';
import { checkGiven } from './given-options.js';
import { ItemsBehindValue, ValueAlone } from './held-values.js';
import type { Folding } from './held-values.js';
import { seedMaker } from './seed.js';
import type { Seed } from './seed.js';
import { WindowDesk } from './window-desk.js';
import { KnownWindows } from './window-kind.js';
import type { CountSpec, WindowKind } from './window-kind.js';
import { checkWindowed, shownOptions, windowedRules } from './windowed-options.js';
import type { WindowedOptions } from './windowed-options.js';
import { windowsOf } from './windows-of.js';

/** What has become of the items of one key, in one window if there are windows. */
export interface Aggregate<out TKey, out TValue> {
  /** The key that they share; undefined without `key`. */
  readonly key: TKey;
  /** What the step, and `finish`, have made of them. */
  readonly value: TValue;
  /** Where the window begins, in milliseconds since the epoch; undefined without windows of time. */
  readonly start?: number | undefined;
  /** Where it ends: the first millisecond that is not part of it. */
  readonly end?: number | undefined;
}

/** Options of {@link aggregate}. */
export interface AggregateOptions<
  in T,
  out TKey extends FlowKey,
  in out TValue,
  out TResult = TValue,
> extends WindowedOptions<T, TKey> {
  /** Gives a value for each window. Default: one value at the end of the stream. */
  readonly window?: WindowKind<number | undefined> | undefined;
  /** The value before the first item. Plain data is copied and frozen; of one that changes in place give a function. */
  readonly seed: Seed<TValue>;
  /** Makes the next value of the one before and an item. */
  readonly step: (value: NoInfer<TValue>, item: T, context: PipelineContext) => NoInfer<TValue>;
  /**
   * Makes one value of two, when an item joins two sessions. Default: the items of the open session are held, and the
   * step is called anew with those of the later one.
   */
  readonly merge?: ((earlier: NoInfer<TValue>, later: NoInfer<TValue>) => NoInfer<TValue>) | undefined;
  /** Makes what leaves of the last value. What it throws ends the run. Default: the value leaves as it is. */
  readonly finish?: ((value: NoInfer<TValue>) => TResult) | undefined;
}

/** Without windows: all items of a key, up to the end of the stream. */
const EVERYTHING: CountSpec = { by: 'count', count: Infinity, every: Infinity, partial: true };

/**
 * Folds the items of each key, and of each window, into one value; it holds values, not items.
 *
 * Windows, times and late items are as in {@link window}. A key without items gives nothing.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/aggregate.ts}
 */
export function aggregate<T, TValue, TKey extends FlowKey = undefined, TResult = TValue>(
  options: AggregateOptions<T, TKey, TValue, TResult>,
): StreamOperator<T, Aggregate<TKey, TResult>> {
  checkGiven(
    'aggregate',
    options,
    {
      ...windowedRules,
      window: rule.anything,
      seed: rule.anything,
      step: rule.callable,
      merge: rule.callable,
      finish: rule.callable,
    },
    ['step'],
  );
  if (!('seed' in options)) throw invalidOption('aggregate', "'seed' must be given; undefined is one");
  const { window, seed, step, merge, finish } = options;
  const windows = window === undefined ? undefined : KnownWindows.read('aggregate', window);
  const spec = windows?.spec ?? EVERYTHING;
  checkWindowed('aggregate', options, spec);
  const seedOf = seedMaker<TValue>('aggregate', seed);
  const shown = { ...windows?.shown, ...shownOptions(options) };
  return new FlowOperator<T, Aggregate<TKey, TResult>, unknown>('aggregate', shown, (port, context) => {
    const folding: Folding = {
      seed: seedOf,
      step: (value, item) => atOnce(step(value as TValue, item as T, context), 'the step of aggregate'),
      merge:
        merge &&
        ((earlier, later) => atOnce(merge(earlier as TValue, later as TValue), "'merge' of aggregate")),
      finish: (value) =>
        finish === undefined ? value : atOnce(finish(value as TValue), "'finish' of aggregate"),
    };
    const isMerged = spec.by === 'session' && options.latenessMs !== undefined;
    const gathering =
      isMerged && merge === undefined ? new ItemsBehindValue(folding) : new ValueAlone(folding);
    return windowsOf(
      spec,
      new WindowDesk('aggregate', port, context, options as WindowedOptions<unknown, FlowKey>, gathering),
    );
  });
}
