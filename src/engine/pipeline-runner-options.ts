import { serviceRules } from '../context/pipeline-context-options.js';
import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { clockRule } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import type { DeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { LineageSink } from '../ports/lineage-sink.js';
import type { Logger } from '../ports/logger.js';
import type { NodeContainer } from '../ports/node-container.js';

/** What a runner gives to each of its runs. */
export interface PipelineRunnerOptions {
  /** Gives the nodes and definitions that are bound in it. */
  readonly container?: NodeContainer | undefined;
  /** Gets the events of every run, beside an observer of the run's context. */
  readonly executionObserver?: ExecutionObserver | undefined;
  /** Used where the run's context has none. */
  readonly lineageSink?: LineageSink | undefined;
  /** Used where the run's context has none; a decorator of the context applies to it. */
  readonly deadLetterSink?: DeadLetterSink | undefined;
  /** Used where the run's context has none. Default: log lines are dropped. */
  readonly logger?: Logger | undefined;
  /** How many levels of composites may stand below a root. Default 32. */
  readonly maxDepth?: number | undefined;
  /** How long a failed or cancelled run waits for nodes that ignore the aborted signal. Default 10,000 ms. */
  readonly graceMs?: number | undefined;
  /**
   * Tells the time of each run: its delays, timeouts and deadlines, and every moment that it notes. How long a run waits
   * for what ignores the signal, `graceMs`, goes by the process.
   *
   * Default: that of the run around, for a run that a node starts; else a clock that never goes back, with the timers
   * of the process.
   */
  readonly clock?: Clock | undefined;
  /** Whether a run without a tenant is refused. Default `false`. */
  readonly requireTenant?: boolean | undefined;
  /**
   * Whether to report timers, uses of the current context and listeners on `context.signal` that outlive the execution
   * that started them, each with its path: as a warning of the run's logger, or of the process where there is none.
   *
   * It slows the whole process down while a run is under way. Default: whether `NODE_ENV` is `development`.
   */
  readonly development?: boolean | undefined;
  /**
   * Whether code is generated for nodes that take many items, which is faster; or after how many items. Default: after
   * 1,000, where the process allows code from strings; elsewhere, and with false, a loop does the same.
   */
  readonly codeGeneration?:
    | boolean
    | {
        /** How many items pass first; 0 for none. */
        readonly after: number;
      }
    | undefined;
}

/** How long a run waits by default at its end, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;

/** Fewer uses would not pay for compiling the code; with more, code that is soon thrown away would be made fast first. */
const DEFAULT_GENERATE_AFTER = 1000;

/** After how many items code is generated for the nodes that they pass. */
export function generateAfter(option: PipelineRunnerOptions['codeGeneration']): number {
  if (typeof option === 'object') return option.after;
  return option === false ? Infinity : DEFAULT_GENERATE_AFTER;
}

const codeGenerationRule = (value: unknown): string | undefined => {
  if (typeof value === 'boolean') return undefined;
  const after: unknown =
    typeof value === 'object' && value !== null && 'after' in value ? value.after : undefined;
  return Number.isInteger(after) && Number(after) >= 0
    ? undefined
    : 'true, false or { after: a whole number }';
};

/** The rules of {@link PipelineRunnerOptions}. */
export const runnerRules: OptionRules = {
  ...serviceRules,
  container: rule.having('isBound', 'get'),
  maxDepth: rule.positiveInteger,
  graceMs: rule.milliseconds,
  clock: clockRule,
  requireTenant: rule.boolean,
  development: rule.boolean,
  codeGeneration: codeGenerationRule,
};
