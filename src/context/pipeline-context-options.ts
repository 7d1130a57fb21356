import { checkOptions, invalidOption, rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { lineageRule } from '../ports/lineage-options.js';
import type { GivenLineage } from '../ports/lineage-options.js';
import { loggerRule } from '../ports/logger.js';
import type { Logger } from '../ports/logger.js';
import { observerProblem } from '../ports/observer-shape.js';
import type { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import type { ServiceOptions } from './context-services.js';
import type { DictionaryKind } from './dictionary-kind.js';
import { dictionaryKinds } from './dictionary-kind.js';
import type { EntriesSource } from './entries-source.js';

/** What a context starts with. */
export type PipelineContextOptions = Omit<ServiceOptions, 'logger'> & {
  /** The entries of a dictionary: an object, a Map, or pairs. */
  readonly [TKind in DictionaryKind]?: EntriesSource | undefined;
} & {
  /** Ids and limits of the run; the `context.run` of another run joins that run. */
  readonly run?: RunContextOptions | RunContext | undefined;
  /** Cancels the run when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Default: a logger that drops every line. */
  readonly logger?: Logger | undefined;
};

/** The services a caller can give, with their rules. */
export const serviceRules = {
  executionObserver: observerProblem,
  lineage: lineageRule,
  lineageSink: rule.having('record'),
  deadLetterSink: rule.having('write'),
  logger: loggerRule,
} as const satisfies OptionRules;

/** The rules of {@link PipelineContextOptions}. */
export const pipelineContextRules: OptionRules = {
  ...Object.fromEntries(dictionaryKinds.map((kind) => [kind, rule.object])),
  ...serviceRules,
  deadLetterDecorator: rule.callable,
  run: rule.object,
  signal: rule.signal,
};

/**
 * Checks options that hold services.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` for a wrong option, and for `lineage` beside `lineageSink`.
 */
export function checkServices(subject: string, options: GivenLineage, rules: OptionRules): void {
  checkOptions(subject, options, rules);
  if (options.lineage !== undefined && options.lineageSink !== undefined)
    throw invalidOption(
      subject,
      `'lineageSink' is short for 'lineage: { sink }': only one of them can be given`,
    );
}
