import type { PipelineContext } from '../context/pipeline-context.js';
import { invalidOption, rule } from '../errors/option-rules.js';
import { latenessRule } from './numbers.js';
import type { FlowKey } from '../nodes/flow-key.js';
import type { WindowSpec } from './window-kind.js';

/** What becomes of an item all of whose windows have left. */
export type LateItems = 'drop' | 'deadLetter' | 'fail';

/** Options that `window` and `aggregate` share. */
export interface WindowedOptions<in T, out TKey> {
  /** The time of an item: a Date, or milliseconds since the epoch. Default: the time at which it comes, by the run's clock. */
  readonly time?: ((item: T, context: PipelineContext) => Date | number) | undefined;
  /** Items of different keys are in different windows. */
  readonly key?: ((item: T, context: PipelineContext) => TKey) | undefined;
  /** How much later than others an item may come, in milliseconds; windows wait as long. Default: 0. */
  readonly latenessMs?: number | undefined;
  /**
   * What becomes of a late item, whatever the node's policy says: it is left out, becomes a dead letter, or fails.
   * Default: `'drop'`.
   */
  readonly late?: LateItems | undefined;
  /** How many keys are kept at most. Default: 100,000. */
  readonly maxKeys?: number | undefined;
}

export const windowedRules = {
  time: rule.callable,
  key: rule.callable,
  latenessMs: latenessRule,
  late: rule.oneOf('drop', 'deadLetter', 'fail'),
  maxKeys: rule.capacity,
} as const;

/**
 * Refuses options that would mean nothing with these windows.
 *
 * @throws `OPTION_INVALID`, a `PipelineError`.
 */
export function checkWindowed(
  kind: string,
  { time, latenessMs, late }: WindowedOptions<never, FlowKey>,
  spec: WindowSpec,
): void {
  if (spec.by === 'count' && time !== undefined)
    throw invalidOption(kind, "'time' means nothing without windows of time");
  if (time === undefined && (latenessMs ?? late) !== undefined)
    throw invalidOption(kind, "'latenessMs' and 'late' mean nothing without 'time'");
  if (time === undefined && spec.by === 'session' && spec.idleMs !== undefined)
    throw invalidOption(kind, "'idleMs' means nothing without 'time'");
}

/** The options, as data for drawings. */
export function shownOptions({
  time,
  key,
  latenessMs,
  late,
  maxKeys,
}: WindowedOptions<never, FlowKey>): Readonly<Record<string, unknown>> {
  return { time: time && 'per item', key: key && 'per item', latenessMs, late, maxKeys };
}
