import { checkOptions } from '../errors/option-rules.js';
import { FlowOperator } from '../nodes/flow-operator.js';
import type { ShapedOperator } from '../nodes/stream-operator.js';
import type { Window, WindowShape } from '../nodes/window.js';
import type { FlowKey } from '../nodes/flow-key.js';
import type { Gathering, Pane } from './pane.js';
import { WindowDesk } from './window-desk.js';
import { KnownWindows } from './window-kind.js';
import type { WindowKind } from './window-kind.js';
import { checkWindowed, shownOptions, windowedRules } from './windowed-options.js';
import type { WindowedOptions } from './windowed-options.js';
import { windowsOf } from './windows-of.js';

export type { Window, WindowShape };

/** Options of {@link window}. */
export type WindowOptions<T, TKey extends FlowKey = FlowKey> = WindowedOptions<T, TKey>;

/**
 * Gathers items into windows: of a length in time, of a number of items, or as long as they follow each other closely.
 *
 * With `time` an item belongs to the time that it says, in whatever order items come: a window leaves when an item has
 * come that is at least `latenessMs` later than its end. Without, it belongs to the time at which it comes, by the clock of the
 * run, and a window leaves at its end, though no item comes. What is open at the end of the stream leaves, the eldest
 * first. For sums and counts take {@link aggregate}, which holds no items.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 *
 * @example
 * {@includeCode ../../examples/api/window.ts}
 */
export function window<T = unknown, TKey extends FlowKey = undefined, TBound = number>(
  kind: WindowKind<TBound>,
  options: WindowOptions<T, TKey> = {},
): ShapedOperator<T, Window<T, TKey, TBound>, WindowShape<TKey, TBound>> {
  const windows = KnownWindows.read('window', kind);
  checkOptions('window', options, windowedRules);
  checkWindowed('window', options, windows.spec);
  return new FlowOperator<T, Window<T, TKey, TBound>, WindowShape<TKey, TBound>>(
    'window',
    { ...windows.shown, ...shownOptions(options) },
    (port, context) =>
      windowsOf(
        windows.spec,
        new WindowDesk('window', port, context, options as WindowedOptions<unknown, FlowKey>, gathering),
      ),
  );
}

/** A window holds its items. */
const gathering: Gathering = {
  begin: (): unknown[] => [],
  step: (held) => held,
  keep(held, item) {
    (held as unknown[]).push(item);
  },
  merge: (earlier, later) => [...(earlier as unknown[]), ...(later as unknown[])],
  result: ({ held, key, start, end }: Pane) => ({ items: held, key, start, end }),
};
