import type { DefinitionSource } from '../builder/blueprint.js';
import type { NoItem } from '../builder/pipeline-builder.js';
import { DEFAULT_MAX_DEPTH, DefinitionEnvironment } from '../composition/definition-environment.js';
import { pipelineNameOf } from '../composition/describe-root.js';
import { handledProblem, outputProblem } from '../composition/output-cardinality.js';
import { checkRequirements } from '../composition/requirements.js';
import { isInstanceOf, refusalToAwait } from '../data/foreign-value.js';
import { currentContext } from '../context/ambient-context.js';
import type { ContextFrame } from '../context/context-frame.js';
import type { ServiceOptions } from '../context/context-services.js';
import { handOut } from '../context/handed-out.js';
import { PipelineContext, frameOf } from '../context/pipeline-context.js';
import type { PipelineContextOptions } from '../context/pipeline-context-options.js';
import { reportFailure } from '../context/report-failure.js';
import { rootContext } from '../context/root-context.js';
import { checkOptions, rule } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { outputCardinalities } from '../nodes/composite-options.js';
import type { OutputCardinality } from '../nodes/composite-options.js';
import type { Items } from '../nodes/source-node.js';
import { joinObservers } from '../observability/observers.js';
import { silentLogger } from '../ports/logger.js';
import { quietly } from '../run/bound-logger.js';
import { tenantRequired } from '../run/tenant-required.js';
import { WatchedClock } from '../run/watched-clock.js';
import { CollectedOutputs } from './collected-outputs.js';
import { conductRun } from './conduct-run.js';
import { wholeNodeFailed } from './engine-errors.js';
import type { RunRequest } from './conduct-run.js';
import { allEnded } from './fan-out-stage.js';
import { feedItem } from './feed-item.js';
import { refusingGenerators } from './generator-watch.js';
import { ItemStream } from './item-stream.js';
import { LeakDetector } from './leak-detector.js';
import { NodeSupply } from './node-supply.js';
import { DEFAULT_GRACE_MS, generateAfter, runnerRules } from './pipeline-runner-options.js';
import type { PipelineRunnerOptions } from './pipeline-runner-options.js';
import { PlanCache } from './plan-cache.js';
import type { Definition, RootDefinition, TakenBy } from './run-arguments.js';
import { runSources } from './run-plan.js';
import type { Plan } from './plan.js';
import type { RunReplacement } from './run-replacement.js';
import type { RunResult } from './run-result.js';
import { after } from './work.js';

export type { PipelineRunnerOptions } from './pipeline-runner-options.js';
export type { Definition } from './run-arguments.js';

/** What a run starts with: a template, or its options. */
export type RunContextSource = PipelineContext | PipelineContextOptions;

/** One call of a run, for what is told of the run afterwards. */
interface RunCall {
  /** Of the run's root, once there is one. */
  frame: ContextFrame | undefined;
}

/** Makes a runner that replaces parts of what it runs, for tests; no public object leads here. */
export let replacingRunner: (options: PipelineRunnerOptions, replacement: RunReplacement) => PipelineRunner;

/** What a runner replaces; a class, so that nobody outside can make one. */
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
    // A bundler renames a class that names itself.
    Object.defineProperty(this, 'name', { value: 'PipelineRunner' });
    replacingRunner = (options, replacement) => new PipelineRunner(options, new StandIns(replacement));
  }

  readonly #options: PipelineRunnerOptions;
  readonly #replacement: RunReplacement | undefined;
  readonly #plans: PlanCache;
  readonly #supply: NodeSupply | undefined;
  /** In development mode. */
  readonly #leaks: LeakDetector | undefined;

  /** @throws {@link PipelineError} `OPTION_INVALID`. */
  constructor(options?: PipelineRunnerOptions);
  /** @hidden */
  constructor(options: PipelineRunnerOptions, standIns: StandIns);
  constructor(options: PipelineRunnerOptions = {}, standIns?: StandIns) {
    const replacement = isInstanceOf(standIns, StandIns) ? standIns.replacement : undefined;
    checkOptions('PipelineRunner', options, runnerRules);
    const { development = process.env['NODE_ENV'] === 'development' } = options;
    this.#leaks = development ? new LeakDetector() : undefined;
    this.#options = options;
    this.#replacement = replacement;
    this.#supply = options.container && new NodeSupply(options.container);
    this.#plans = new PlanCache(
      development ? refusingGenerators(replacement) : replacement,
      generateAfter(options.codeGeneration),
    );
  }

  /**
   * Runs a pipeline to its end; a sub-pipeline, which takes items, runs with {@link runItem} or {@link stream}.
   *
   * A failure that nobody awaits is an error line of the run's logger, or a warning of the process where there is none.
   *
   * @throws {@link PipelineError} when it fails or is cancelled; the error's `result` holds status and counts.
   */
  run<TIn = NoItem, TOut = NoItem>(
    definition: RootDefinition<TIn, TOut>,
    context?: RunContextSource,
  ): Promise<RunResult>;
  run(definition: DefinitionSource, context?: RunContextSource): Promise<RunResult> {
    return this.#handOut((call) =>
      this.#conduct(call, definition, context, refuseSubPipeline, (plan) => ({
        receiver: undefined,
        feed: (execution) => runSources(plan, execution),
      })),
    );
  }

  /**
   * Runs one item through a sub-pipeline, without a parent, and gives its output.
   *
   * A failure that nobody awaits is told as that of {@link run} is.
   *
   * @param options `output`: how many outputs are expected, as for a composite; default `one`.
   * @throws {@link PipelineError} when it fails or is cancelled, or gives a wrong number of outputs.
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
    await this.#conduct(call, definition, context, refuseWithoutInput, (plan) => ({
      receiver: outputs,
      feed: (execution) =>
        after(feedItem(plan, execution, item), () => {
          if (execution.isHalted) return undefined;
          const problem =
            outputProblem(cardinality, execution, plan.blueprint.path) ??
            handledProblem(cardinality, execution);
          // The caller awaits an output: one whose then cannot be read would reject in the place of this run.
          const refusal = refusalToAwait(outputs.under(cardinality));
          if (problem !== undefined) execution.fail(problem, undefined);
          else if (refusal !== undefined)
            execution.fail(
              wholeNodeFailed(plan.blueprint.path, refusal.thrown, 'gave what cannot be awaited'),
              undefined,
            );
          return undefined;
        }),
    }));
    return outputs.under(cardinality);
  }

  /**
   * Runs a sub-pipeline over a stream, without a parent. It starts when the outputs are first asked for.
   *
   * Iterating throws what the run fails with; to stop iterating early cancels the run. `result` settles when the
   * run has ended, so never if nobody iterates; it rejects with the error that iterating throws.
   */
  stream<TIn, TOut>(
    definition: Definition<TIn, TOut>,
    items: TakenBy<TIn, Items<NoInfer<TIn>>>,
    context?: RunContextSource,
  ): AsyncIterable<TOut> & { readonly result: Promise<RunResult> } {
    const stopping = new AbortController();
    return new ItemStream<TOut>(
      (stream) =>
        this.#conduct({ frame: undefined }, definition, context, refuseWithoutInput, (plan) => ({
          receiver: stream,
          feed: (execution) => {
            execution.onStop(() => {
              stream.stop();
            });
            stopping.signal.addEventListener('abort', () => {
              execution.frame.scope.cancel(
                { kind: 'user', message: 'nobody reads on' },
                execution.frame.path,
              );
            });
            return allEnded([plan.input?.feed(execution, items), runSources(plan, execution)]);
          },
        })),
      () => {
        stopping.abort();
      },
    );
  }

  /** Starts a run whose failure is told where nobody awaits it. */
  #handOut<T>(start: (call: RunCall) => Promise<T>): Promise<T> {
    const call: RunCall = { frame: undefined };
    return handOut(start(call), (error) => {
      const { logger } = this.#options;
      const message = 'a run failed, and nobody awaited it';
      if (call.frame !== undefined || logger === undefined) reportFailure(call.frame, error, message);
      else quietly(logger, 'error', { error }, message);
    });
  }

  /** Makes the run's own root context, finds its plan, and conducts the run. */
  async #conduct(
    call: RunCall,
    definition: DefinitionSource,
    context: RunContextSource | undefined,
    refuse: (plan: Plan) => void,
    driver: (plan: Plan) => Pick<RunRequest, 'receiver' | 'feed'>,
  ): Promise<RunResult> {
    const {
      container,
      maxDepth = DEFAULT_MAX_DEPTH,
      graceMs = DEFAULT_GRACE_MS,
      requireTenant = false,
    } = this.#options;
    const template = isInstanceOf(context, PipelineContext) ? context : new PipelineContext(context);
    const name = pipelineNameOf(definition);
    const services = this.#servicesWith(frameOf(template).services);
    const clock = this.#options.clock && new WatchedClock(this.#options.clock);
    clock?.check();
    const outer = currentContext()?.run;
    const root = rootContext(template, { path: name, pipelineName: name }, services, outer, clock);
    call.frame = root.frame;
    let request: RunRequest;
    try {
      if (requireTenant && root.context.run.tenantId === undefined) throw tenantRequired(name);
      const environment = new DefinitionEnvironment(container, maxDepth, this.#replacement?.definition);
      const rootPlan = this.#plans.planFor(definition, root.frame, environment);
      refuse(rootPlan.plan);
      if (rootPlan.needs.hasKeys) checkRequirements(rootPlan.plan.blueprint, root.frame);
      request = { rootPlan, root, container: this.#supply, graceMs, clock, ...driver(rootPlan.plan) };
    } catch (error) {
      root.release();
      throw error;
    }
    const leaks = this.#leaks?.open(root);
    if (leaks === undefined) return await conductRun(request);
    try {
      return await conductRun({ ...request, leaks });
    } finally {
      await leaks.endRun();
    }
  }

  /** Both observers get the events; a sink or logger of the context goes before the runner's. */
  #servicesWith(own: ServiceOptions): ServiceOptions {
    const { executionObserver, lineageSink, deadLetterSink, logger } = this.#options;
    return {
      executionObserver:
        executionObserver === undefined || own.executionObserver === undefined
          ? (own.executionObserver ?? executionObserver)
          : joinObservers([executionObserver, own.executionObserver]),
      lineageSink: own.lineageSink ?? lineageSink,
      deadLetterSink: own.deadLetterSink ?? deadLetterSink,
      deadLetterDecorator: own.deadLetterDecorator,
      logger: own.logger === silentLogger ? (logger ?? silentLogger) : own.logger,
    };
  }
}

/**
 * Runs a pipeline with a runner of its own.
 *
 * @throws {@link PipelineError} when it fails or is cancelled; the error's `result` holds status and counts.
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
