import { optionProblems, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import type { LineageSink } from './lineage-sink.js';

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
   * What follows when the sink throws or rejects. Default `fail`: the run fails with `SINK_REJECTED`.
   *
   * With `report` the run goes on: the first failure is a line of the run's log, and all are counted in the `lineage` of
   * the result.
   */
  readonly onSinkError?: 'fail' | 'report' | undefined;
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
  onSinkError: rule.oneOf('fail', 'report'),
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
