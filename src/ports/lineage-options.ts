import { optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import type { LineageSink } from './lineage-sink.js';

/** Makes of an item what a record may show of it; answers at once. */
export type LineageRedactor = (value: unknown) => unknown;

/** Which items are followed, and what is done with their records. */
export interface LineageOptions {
  /** Receives the records. */
  readonly sink: LineageSink;
  /**
   * Follows one of so many items of each source. Default 1: every item.
   *
   * Which ones is decided by the number of the item at its source and by the id of the run: a run that is repeated under
   * its id follows the same items. What stream transforms make is followed where one of the items it was made of is.
   */
  readonly sampleEvery?: number | undefined;
  /**
   * Which records are written. Default `terminal`: one for each item, when it has ended.
   *
   * With `all` there is also one for each node that an item passes, when it passes it: its outcome is `passed`, and its
   * traversal has that node alone. Those of tries that fail later on are written, too.
   */
  readonly capture?: 'terminal' | 'all' | undefined;
  /**
   * What records show of items, as `input` and `output`. Default `true`: nothing.
   *
   * A function makes of an item what may be shown, when the item passes a node or ends; a copy of that is kept. It also
   * gets what errors say, as a text, and may give a text for the record's error. Of an item for which it throws, or
   * answers with a promise, records show `[unredactable]`; the first time is a line of the run's log. See also
   * {@link redactKeys}.
   */
  readonly redact?: true | LineageRedactor | undefined;
  /**
   * Gives a text by which records are found with `byKey`, such as the number of an order; asked with the item as it
   * ended, once for each end. It is not redacted.
   *
   * Where it throws, or gives no text, there is no key; the first time is a line of the run's log.
   */
  readonly key?: ((item: unknown) => string) | undefined;
  /**
   * What follows when the sink throws or rejects. Default `fail`: the run fails with `SINK_REJECTED`.
   *
   * With `report` the run goes on: the first failure is a line of the run's log, and all are counted in the `lineage` of
   * the result.
   */
  readonly onSinkError?: 'fail' | 'report' | undefined;
  /** How many records the sink may have taken and not settled; items wait while there are so many. Default 64. */
  readonly maxPending?: number | undefined;
}

/** The two ways to ask for lineage, of which one is used. */
export interface GivenLineage {
  /** Which items are followed, and what is done with their records. */
  readonly lineage?: LineageOptions | undefined;
  /** Short for `lineage: { sink }`. */
  readonly lineageSink?: LineageSink | undefined;
}

const lineageRules: OptionRules = {
  sink: rule.having('record'),
  sampleEvery: rule.positiveInteger,
  capture: rule.oneOf('terminal', 'all'),
  redact: (value) => (value === true || typeof value === 'function' ? undefined : 'true or a function'),
  key: rule.callable,
  onSinkError: rule.oneOf('fail', 'report'),
  maxPending: rule.positiveInteger,
};

/** Judges the option `lineage`. */
export function lineageRule(value: unknown): string | undefined {
  const problems = optionProblems(value, lineageRules);
  const hasSink = typeof value === 'object' && value !== null && Reflect.get(value, 'sink') !== undefined;
  if (problems.length === 0 && !hasSink) problems.push(`'sink' is missing`);
  return problems.length === 0
    ? undefined
    : `an object like { sink, sampleEvery: 100 } (${problems.join('; ')})`;
}

/** What was asked for, whichever way; undefined if nobody keeps lineage. */
export function lineageOf({ lineage, lineageSink }: GivenLineage): LineageOptions | undefined {
  return lineage ?? (lineageSink && { sink: lineageSink });
}
