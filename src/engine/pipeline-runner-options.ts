import { serviceRules } from '../context/pipeline-context-options.js';
import { rule } from '../errors/option-rules.js';
import type { OptionRules } from '../errors/option-rules.js';
import { clockRule } from '../ports/clock.js';
import type { Clock } from '../ports/clock.js';
import type { DeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import type { GivenLineage } from '../ports/lineage-options.js';
import type { Logger } from '../ports/logger.js';
import type { NodeContainer } from '../ports/node-container.js';

/** Options of a `PipelineRunner`; they apply to each of its runs. */
export interface PipelineRunnerOptions {
  /** Container that makes the node and definition classes bound in it. */
  readonly container?: NodeContainer | undefined;
  /** Receives the events of every run; an observer in the run's context receives them, too. */
  readonly executionObserver?: ExecutionObserver | undefined;
  /** Lineage of runs whose context asks for none. */
  readonly lineage?: GivenLineage['lineage'];
  /** Short for `lineage: { sink }`. */
  readonly lineageSink?: GivenLineage['lineageSink'];
  /** Dead-letter sink of runs whose context has none. The context's decorator, if any, applies to this sink. */
  readonly deadLetterSink?: DeadLetterSink | undefined;
  /** Logger of runs whose context has none. Default: log lines are dropped. */
  readonly logger?: Logger | undefined;
  /** Maximum number of levels of composites below the root. Default 32. */
  readonly maxDepth?: number | undefined;
  /** How long a run that ends waits for code that ignores the aborted signal. Default 10,000 ms. */
  readonly graceMs?: number | undefined;
  /**
   * The clock of each run, for delays, timeouts, deadlines and recorded times. `graceMs` always uses the system's clock.
   *
   * Default: for a run that a node starts, the clock of the run around; else the system's clock, which never goes back.
   */
  readonly clock?: Clock | undefined;
  /** If true, a run without a tenant is refused. Default `false`. */
  readonly requireTenant?: boolean | undefined;
  /**
   * If true, reports timers, listeners and uses of the current context that outlive their execution.
   *
   * Listeners are those on `context.signal`. Reports name the path, and go to the run's logger as warnings, or without a
   * logger to `process.emitWarning`. This mode slows the whole process down while a run is going on. Default: true if
   * `NODE_ENV` is `development`.
   */
  readonly development?: boolean | undefined;
  /**
   * If true, faster code is generated for nodes after 300 items. An object sets another number of items.
   *
   * With false, or if the process forbids code from strings, a loop does the same. Default `true`.
   */
  readonly codeGeneration?:
    | boolean
    | {
        /** Number of items that pass before code is generated; 0 to generate it at the first. */
        readonly after: number;
      }
    | undefined;
}

/** Default of `graceMs`, in milliseconds. */
export const DEFAULT_GRACE_MS = 10_000;

/** Compiling does not pay for fewer uses. With more, V8 would first optimise shared code that is then replaced. */
const DEFAULT_GENERATE_AFTER = 300;

/** Returns the number of items after which code is generated; Infinity for never. */
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
