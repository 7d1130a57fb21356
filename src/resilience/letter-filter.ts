import { ignoreRejection, isThenable } from '../data/foreign-value.js';
import { checkArgument, invalidOption, recordRule, rule } from '../errors/option-rules.js';
import type { OptionRule } from '../errors/option-rules.js';
import type { DeadLetterEnvelope, DeadLetterFields, DeadLetterFilter } from '../ports/dead-letter-sink.js';

const fields = recordRule('a function, or fields of letters', { path: rule.text, runId: rule.text });

/** The rule of an option that is a {@link DeadLetterFilter}. */
export const letterFilterRule: OptionRule = (value) =>
  typeof value === 'function' ? undefined : fields(value);

/** The fields of a filter; undefined where it is a function, or absent. */
export function filterFields(filter: DeadLetterFilter | undefined): DeadLetterFields | undefined {
  return typeof filter === 'function' ? undefined : filter;
}

/**
 * Makes the question whether a filter takes a letter.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` where the filter is neither a function nor fields.
 */
export function letterTest(filter: DeadLetterFilter = {}): (envelope: DeadLetterEnvelope) => boolean {
  checkArgument('the filter of dead letters', filter, letterFilterRule);
  if (typeof filter === 'function') return (envelope) => answerOf(filter(envelope));
  const { path, runId } = filter;
  return (envelope) =>
    (path === undefined || envelope.path === path) && (runId === undefined || envelope.runId === runId);
}

/** @throws {@link PipelineError} `OPTION_INVALID` for a promise, which would take every letter. */
function answerOf(answer: unknown): boolean {
  if (!isThenable(answer)) return Boolean(answer);
  ignoreRejection(answer);
  throw invalidOption('the filter of dead letters', 'it must answer at once, not with a promise');
}
