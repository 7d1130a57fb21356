import type { DefinitionSource } from '../builder/blueprint.js';
import type { NoItem } from '../builder/builder-options.js';
import { handledProblem, outputProblem } from '../composition/output-cardinality.js';
import { isInstanceOf, refusalToAwait } from '../data/foreign-value.js';
import { captureAmbient, currentHolder } from '../context/ambient-context.js';
import type { ContextFrame } from '../context/context-frame.js';
import { handOut } from '../context/handed-out.js';
import { PipelineContext, frameOf } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { reportFailure } from '../context/report-failure.js';
import { checkServices } from '../context/pipeline-context-options.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { outputCardinalities } from '../nodes/composite-options.js';
import type { OutputCardinality } from '../nodes/composite-options.js';
import type { Items } from '../nodes/source-node.js';
import { clockUnder } from '../ports/clock.js';
import { RunnerCircuits } from '../resilience/runner-circuits.js';
import type { CircuitStatus } from '../resilience/runner-circuits.js';
import { quietly } from '../run/bound-logger.js';
import { WatchedClock } from '../run/ending/watched-clock.js';
import { CircuitClock } from './circuit-clock.js';
import { CollectedOutputs } from './collected-outputs.js';
import { wholeNodeFailed } from './execution/engine-errors.js';
import { allEnded } from './stages/fan-out-stage.js';
import { feedItem } from './plan/feed-item.js';
import { refusingGenerators } from './generator-watch.js';
import { ItemStream } from './streams/item-stream.js';
import { LeakDetector } from './leaks/leak-detector.js';
import { managedBy } from './managed-runs.js';
import type { ManagedRuns } from './managed-runs.js';
import { NodeSupply } from './execution/node-supply.js';
import { generateAfter, runnerRules } from './pipeline-runner-options.js';
import type { PipelineRunnerOptions } from './pipeline-runner-options.js';
import { PlanCache } from './compiling/plan-cache.js';
import type { Definition, RootDefinition, TakenBy } from './run-arguments.js';
import { runSources } from './plan/run-plan.js';
import type { Plan } from './plan/plan.js';
import type { RunReplacement } from './compiling/run-replacement.js';
import type { RunResult } from './execution/run-result.js';
import { RunStart } from './run-start.js';
import type { RunDriver, RunnerParts } from './run-start.js';
import { noteRun } from './specimens.js';
import { after } from './execution/work.js';

export type { PipelineRunnerOptions } from './pipeline-runner-options.js';
export type { Definition } from './run-arguments.js';

/** The context of a run: a template, or options to make one from. */
export type RunContextSource = PipelineContext | PipelineContextOptions;

/** One call of `run` or `runItem`; used to report a failure that nobody awaits. */
interface RunCall {
  /** Frame of the run's root context; undefined until it is made. */
  frame: ContextFrame | undefined;
}

/** Makes a runner that replaces parts of its pipelines, for tests. Users cannot reach this function. */
export let replacingRunner: (options: PipelineRunnerOptions, replacement: RunReplacement) => PipelineRunner;

/** Returns the functions of a runner that a run manager uses. Users cannot reach this function. */
export let managedRuns: (runner: PipelineRunner) => ManagedRuns;

/** Returns the parts that all runs of a runner share. Users cannot reach this function. */
export let partsOf: (runner: PipelineRunner) => RunnerParts;

/** Wraps the replacements for the constructor; a class, so that users cannot pass their own. */
class StandIns {
  constructor(readonly replacement: RunReplacement) {}
}

/**
 * Runs pipelines. One runner serves many runs, also at once, and compiles each definition once.
 *
 * Running changes nothing outside of the run.
 *
 * @example
 * {@includeCode ../../examples/api/pipeline-runner.ts}
 */
export class PipelineRunner {
  static {
    // A bundler may rename a class whose code refers to itself; errors and logs show the name.
    Object.defineProperty(this, 'name', { value: 'PipelineRunner' });
    replacingRunner = (options, replacement) => new PipelineRunner(options, new StandIns(replacement));
    partsOf = (runner) => runner.#parts;
    managedRuns = (runner) => managedBy(runner.#parts, rootDriver);
  }

  readonly #parts: RunnerParts;
  readonly #circuitClock: CircuitClock;

  /** @throws {@link PipelineError} `OPTION_INVALID` when an option is wrong. */
  constructor(options?: PipelineRunnerOptions);
  /** @hidden */
  constructor(options: PipelineRunnerOptions, standIns: StandIns);
  constructor(options: PipelineRunnerOptions = {}, standIns?: StandIns) {
    const replacement = isInstanceOf(standIns, StandIns) ? standIns.replacement : undefined;
    checkServices('PipelineRunner', options, runnerRules);
    const { development = process.env['NODE_ENV'] === 'development' } = options;
    this.#circuitClock = new CircuitClock(options.clock);
    const circuits = new RunnerCircuits(this.#circuitClock);
    this.#parts = {
      options,
      replacement,
      plans: new PlanCache(
        development ? refusingGenerators(replacement) : replacement,
        generateAfter(options.codeGeneration),
        circuits,
      ),
      circuits,
      supply: options.container && new NodeSupply(options.container),
      leaks: development ? new LeakDetector() : undefined,
      noteRun,
    };
  }

  /**
   * Runs a pipeline to its end. Use {@link runItem} or {@link stream} for a sub-pipeline, which takes items.
   *
   * If nobody awaits the promise, a failure is logged as an error by the run's logger, or without a logger reported by
   * `process.emitWarning`.
   *
   * @throws {@link PipelineError} when the run fails or is cancelled; the error's `result` holds status and counts.
   */
  run<TIn = NoItem, TOut = NoItem>(
    definition: RootDefinition<TIn, TOut>,
    context?: RunContextSource,
  ): Promise<RunResult>;
  run(definition: DefinitionSource, context?: RunContextSource): Promise<RunResult> {
    return this.#handOut((call) => this.#conduct(call, definition, context, rootDriver));
  }

  /**
   * Runs one item through a sub-pipeline, without a parent, and resolves with the output.
   *
   * If nobody awaits the promise, a failure is reported as by {@link run}.
   *
   * @param options `output`: how many outputs are expected, as for a composite; default `one`.
   * @throws {@link PipelineError} when the run fails or is cancelled, or the number of outputs is wrong.
   */
  runItem<TIn, TOut>(
    definition: Definition<TIn, TOut>,
    item: TakenBy<TIn, NoInfer<TIn>>,
    context: RunContextSource | undefined,
    options: { readonly output: 'many' },
  ): Promise<TOut[]>;
  runItem<TIn, TOut>(
    definition: Definition<TIn, TOut>,
    item: TakenBy<TIn, NoInfer<TIn>>,
    context: RunContextSource | undefined,
    options: { readonly output: 'optional' },
  ): Promise<TOut | undefined>;
  runItem<TIn, TOut>(
    definition: Definition<TIn, TOut>,
    item: TakenBy<TIn, NoInfer<TIn>>,
    context?: RunContextSource,
    options?: { readonly output?: 'one' | 'first' | 'last' | undefined },
  ): Promise<TOut>;
  runItem(
    definition: DefinitionSource,
    item: unknown,
    context?: RunContextSource,
    options: { readonly output?: OutputCardinality | undefined } = {},
  ): Promise<unknown> {
    return this.#handOut((call) => this.#conductItem(call, definition, item, context, options));
  }

  async #conductItem(
    call: RunCall,
    definition: DefinitionSource,
    item: unknown,
    context: RunContextSource | undefined,
    options: { readonly output?: OutputCardinality | undefined },
  ): Promise<unknown> {
    checkOptions('runItem', options, { output: rule.oneOf(...outputCardinalities) });
    const cardinality = options.output ?? 'one';
    const outputs = new CollectedOutputs();
    await this.#conduct(call, definition, context, {
      refuse: refuseWithoutInput,
      drive: (plan) => ({
        receiver: outputs,
        feed: (execution) =>
          after(feedItem(plan, execution, item), () => {
            // An item that is lost gave no output: it failed by its own error, not by that.
            execution.failByLosses();
            if (execution.isHalted) return undefined;
            const problem =
              outputProblem(cardinality, execution, plan.blueprint.path) ??
              handledProblem(cardinality, execution);
            // An output whose `then` throws when read would reject the caller's promise without a result of the run.
            const refusal = refusalToAwait(outputs.under(cardinality));
            if (problem !== undefined) execution.fail(problem, undefined);
            else if (refusal !== undefined)
              execution.fail(
                wholeNodeFailed(plan.blueprint.path, refusal.thrown, 'gave what cannot be awaited'),
                undefined,
              );
            return undefined;
          }),
      }),
    });
    return outputs.under(cardinality);
  }

  /**
   * Runs a sub-pipeline over a stream, without a parent. The run starts when the first output is asked for.
   *
   * The run belongs to the place of this call, wherever its outputs are read: it is started in the current run, is
   * cancelled with that run, and sees the async-local state of the call. A `timeoutMs` counts from the call. Iterating
   * throws the error with which the run fails; `result` rejects with the same error. Stopping early cancels the run,
   * also before its start. Without iterating, stopping or a cancel, `result` never settles.
   */
  stream<TIn, TOut>(
    definition: Definition<TIn, TOut>,
    items: TakenBy<TIn, Items<NoInfer<TIn>>>,
    context?: RunContextSource,
  ): AsyncIterable<TOut> & { readonly result: Promise<RunResult> } {
    const { clock: given } = this.#parts.options;
    const clock = given && new WatchedClock(given);
    const holder = currentHolder();
    const here = captureAmbient(holder);
    const calledMs = (clock ?? clockUnder(holder && frameOf(holder.context).scope.clock)).now();
    const template = answerOf(() => templateOf(context));
    return new ItemStream<TOut>((stream) =>
      here(() => {
        const start = new RunStart(this.#parts, { definition, template: template(), clock, calledMs });
        const driver: RunDriver = {
          refuse: refuseWithoutInput,
          drive: (plan) => ({
            receiver: stream,
            feed: (execution) => {
              execution.onStop(() => {
                stream.stop();
              });
              return allEnded([plan.input?.feed(execution, items), runSources(plan, execution)]);
            },
          }),
        };
        return { scope: start.root.frame.scope, start: () => here(() => start.conduct(driver)) };
      }),
    );
  }

  /**
   * The states of the circuit breakers of all pipelines that this runner has compiled, one entry for each path.
   *
   * Breakers of one name have one state.
   */
  circuits(): readonly CircuitStatus[] {
    return this.#parts.circuits.list(this.#circuitClock.dayMs);
  }

  /** Starts a run, and reports its failure if nobody awaits the promise. */
  #handOut<T>(start: (call: RunCall) => Promise<T>): Promise<T> {
    const call: RunCall = { frame: undefined };
    return handOut(start(call), (error) => {
      const { logger } = this.#parts.options;
      const message = 'a run failed, and nobody awaited it';
      if (call.frame !== undefined || logger === undefined) reportFailure(call.frame, error, message);
      else quietly(logger, 'error', { error }, message);
    });
  }

  /** Makes the run's root context, and runs the pipeline to its end. */
  async #conduct(
    call: RunCall,
    definition: DefinitionSource,
    context: RunContextSource | undefined,
    driver: RunDriver,
  ): Promise<RunResult> {
    const start = new RunStart(this.#parts, { definition, template: templateOf(context) });
    call.frame = start.root.frame;
    return await start.conduct(driver);
  }
}

function templateOf(context: RunContextSource | undefined): PipelineContext {
  return isInstanceOf(context, PipelineContext) ? context : new PipelineContext(context);
}

/** Calls a function now, and returns a function that repeats its result or its error. */
function answerOf<T>(fn: () => T): () => T {
  try {
    const answer = fn();
    return () => answer;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/**
 * Runs a pipeline with a new runner that has the default options.
 *
 * @throws {@link PipelineError} when the run fails or is cancelled; the error's `result` holds status and counts.
 *
 * @example
 * {@includeCode ../../examples/api/run-pipeline.ts}
 */
export function runPipeline<TIn = NoItem, TOut = NoItem>(
  definition: RootDefinition<TIn, TOut>,
  context?: RunContextSource,
): Promise<RunResult> {
  return new PipelineRunner().run(definition, context);
}

/** Drives the run of a pipeline that has its own sources and takes no items from outside. */
const rootDriver: RunDriver = {
  refuse: refuseSubPipeline,
  drive: (plan) => ({ receiver: undefined, feed: (execution) => runSources(plan, execution) }),
};

function refuseSubPipeline({ input, blueprint }: Plan): void {
  if (input === undefined) return;
  throw new PipelineError('SUB_PIPELINE_NEEDS_INPUT', {
    path: blueprint.path,
    problem: `'${blueprint.name}' is a sub-pipeline: it needs items from outside.`,
    remedy: 'Run it with runItem or stream, or as a composite of another pipeline.',
  });
}

function refuseWithoutInput({ input, blueprint }: Plan): void {
  if (input !== undefined) return;
  throw new PipelineError('COMPOSITE_INPUT_MISSING', {
    path: blueprint.path,
    problem: `'${blueprint.name}' is no sub-pipeline: it takes no items.`,
    remedy: 'Run it with run, or add builder.addCompositeInput() and addCompositeOutput().',
  });
}
