import type { Constructor } from '../nodes/constructor.js';
import { pipelineContextRules } from '../context/pipeline-context-options.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { checkArgument, checkOptions, invalidOption, optionProblems, rule } from '../errors/option-rules.js';
import type { DeadLetterEnvelope, DeadLetterFilter } from '../ports/dead-letter-sink.js';
import { letterFilterRule } from '../resilience/letter-filter.js';
import { RunContext } from '../run/run-context.js';
import type { RunContextOptions } from '../run/run-context-options.js';
import { runContextRules } from '../run/run-context-options.js';
import { isInstanceOf } from '../data/foreign-value.js';
import { PipelineRunner } from './pipeline-runner.js';

/** What the runs of a replay get beside what the letters have recorded; its limits are those of the whole replay. */
export type ReplayContext = Omit<PipelineContextOptions, 'run' | 'deadLetterSink'> & {
  /** `signal`, `timeoutMs` and `deadline` end the replay; each letter has a run, and a `runId`, of its own. */
  readonly run?: Omit<RunContextOptions, 'runId'> | undefined;
};

/** How dead letters are run again. */
export interface ReplayOptions {
  /** The pipeline in which the letters failed, or a sub-pipeline on the way to where they did. */
  readonly definition: Constructor<object> | object;
  /** Default: a runner of its own. */
  readonly runner?: PipelineRunner | undefined;
  /** Which letters are run: by fields, or by a function. Default: all of the sink. */
  readonly filter?: DeadLetterFilter | undefined;
  /** The most letters that are run, the eldest first. Default: all. */
  readonly limit?: number | undefined;
  /** How many begin in a second, evenly, by the runner's clock. Default: no limit. */
  readonly perSecond?: number | undefined;
  /** How many run at once. Default 1. */
  readonly concurrency?: number | undefined;
  /** After so many letters have failed again none is started. Default: never. */
  readonly stopAfter?: number | undefined;
  /** Parameters and properties go over the recorded ones, key by key; context items come only from here. */
  readonly context?: ReplayContext | undefined;
  /** Gets each output of a letter that has succeeded, awaited before that is noted; a throw counts as failed again. */
  readonly onOutput?: ((output: unknown, envelope: DeadLetterEnvelope) => unknown) | undefined;
  /** `decision`: at the node whose policy gave the item up. `start`: behind the only source. Default `decision`. */
  readonly from?: 'decision' | 'start' | undefined;
}

const aboveZero = (value: unknown): string | undefined =>
  typeof value === 'number' && value > 0 && Number.isFinite(value) ? undefined : 'a number above 0';

const { deadLetterSink: _sink, run: _run, ...contextRules } = pipelineContextRules;
const { runId: _runId, ...runRules } = runContextRules;

/** The rules of the context of a replay. */
const replayContextRules = {
  ...contextRules,
  run: (value: unknown): string | undefined => {
    if (isInstanceOf(value, RunContext)) return 'options: each letter has a run of its own';
    const problems = optionProblems(value, runRules);
    return problems.length === 0 ? undefined : `options of a run (${problems.join('; ')})`;
  },
};

/** @throws {@link PipelineError} `OPTION_INVALID`. */
export function checkReplay(sink: unknown, options: ReplayOptions): void {
  checkArgument('replayDeadLetters', sink, rule.having('read', 'mark', 'write'));
  checkOptions('replayDeadLetters', options, {
    definition: (value) =>
      (typeof value === 'object' && value !== null) || typeof value === 'function'
        ? undefined
        : 'a definition of a pipeline',
    runner: rule.instanceOf(PipelineRunner),
    filter: letterFilterRule,
    limit: rule.positiveInteger,
    perSecond: aboveZero,
    concurrency: rule.positiveInteger,
    stopAfter: rule.positiveInteger,
    context: rule.object,
    onOutput: rule.callable,
    from: rule.oneOf('decision', 'start'),
  });
  if ((options as Partial<ReplayOptions> | undefined)?.definition === undefined)
    throw invalidOption('replayDeadLetters', "'definition' is required");
  checkOptions('the context of replayDeadLetters', options.context, replayContextRules);
}
