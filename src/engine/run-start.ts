import type { DefinitionSource } from '../builder/blueprint.js';
import { DEFAULT_MAX_DEPTH, DefinitionEnvironment } from '../composition/definition-environment.js';
import { namedPipeline } from '../composition/describe-root.js';
import { checkRequirements } from '../composition/requirements.js';
import { currentContext } from '../context/ambient-context.js';
import type { ServiceOptions } from '../context/context-services.js';
import { frameOf } from '../context/pipeline-context.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { rootContext } from '../context/root-context.js';
import type { RootContext } from '../context/root-context.js';
import { joinObservers } from '../observability/observers.js';
import { lineageOf } from '../ports/lineage-options.js';
import { silentLogger } from '../ports/logger.js';
import type { RunnerCircuits } from '../resilience/runner-circuits.js';
import { tenantRequired } from '../run/tenant-required.js';
import { WatchedClock } from '../run/ending/watched-clock.js';
import { conductRun } from './conduct-run.js';
import type { RunRequest } from './conduct-run.js';
import type { LeakDetector } from './leaks/leak-detector.js';
import type { ManagedCall } from './managed-call.js';
import type { NodeSupply } from './execution/node-supply.js';
import { DEFAULT_GRACE_MS } from './pipeline-runner-options.js';
import type { PipelineRunnerOptions } from './pipeline-runner-options.js';
import type { Plan } from './plan/plan.js';
import type { PlanCache, RootPlan } from './compiling/plan-cache.js';
import type { RunReplacement } from './compiling/run-replacement.js';
import type { RunResult } from './execution/run-result.js';

/** Objects shared by all runs of one runner. */
export interface RunnerParts {
  readonly options: PipelineRunnerOptions;
  readonly replacement: RunReplacement | undefined;
  readonly plans: PlanCache;
  /** The circuit breakers and bulkheads of all runs of the runner. */
  readonly circuits: RunnerCircuits;
  readonly supply: NodeSupply | undefined;
  /** Finds leaks in development mode; else undefined. */
  readonly leaks: LeakDetector | undefined;
  /** Called at the start of each run; undefined for the engine's own runs, see `specimens.ts`. */
  readonly noteRun: (() => void) | undefined;
}

/** The pipeline, context and clock of a run that is to be started. */
export interface RunOrder {
  readonly definition: DefinitionSource;
  readonly template: PipelineContext;
  /** The user's clock, if the caller has asked it already. */
  readonly clock?: WatchedClock | undefined;
  /** Time of the call of `stream`, as the run is set up later than it was called. Undefined for other runs. */
  readonly calledMs?: number;
  /** Additions of the run manager, if one starts the run. */
  readonly managed?: ManagedCall;
}

/** How a kind of run (`run`, `runItem` or `stream`) brings items in and outputs out. */
export interface RunDriver {
  /** @throws {@link PipelineError} when the pipeline cannot be run in this way. */
  readonly refuse: (plan: Plan) => void;
  readonly drive: (plan: Plan) => Pick<RunRequest, 'receiver' | 'feed'>;
}

/** A run that is set up but not started: it has its root context, and its time limits count. */
export class RunStart {
  readonly root: RootContext;
  readonly #parts: RunnerParts;
  readonly #order: RunOrder;
  readonly #clock: WatchedClock | undefined;
  readonly #name: string;

  /** @throws {@link PipelineError} `OPTION_INVALID` for a wrong option or clock, `DEFINITION_INVALID` for no definition. */
  constructor(parts: RunnerParts, order: RunOrder) {
    const { definition, template, calledMs, managed } = order;
    const given = parts.options.clock;
    const clock = order.clock ?? (given && new WatchedClock(given));
    this.#parts = parts;
    this.#order = order;
    this.#clock = clock;
    const named = namedPipeline(definition);
    this.#name = named.pipelineName;
    const services = servicesWith(parts.options, frameOf(template).services);
    clock?.check();
    const site = { path: this.#name, ...named };
    const outer = currentContext()?.run;
    this.root = rootContext(template, site, services, outer, clock, calledMs, managed?.said);
    managed?.opened(this.root);
  }

  /**
   * Checks whether the run can begin, and starts nothing.
   *
   * @throws {@link PipelineError} what is wrong with the definition, or with what it gets.
   */
  check({ refuse }: Pick<RunDriver, 'refuse'>): void {
    try {
      this.#plan(refuse);
    } finally {
      this.root.release();
    }
  }

  /** Finds or compiles the plan, and runs it to its end. */
  async conduct({ refuse, drive }: RunDriver): Promise<RunResult> {
    const { root } = this;
    const { options, supply } = this.#parts;
    const { graceMs = DEFAULT_GRACE_MS } = options;
    this.#parts.noteRun?.();
    if (this.#order.calledMs !== undefined) root.frame.scope.keepAlive();
    let request: RunRequest;
    try {
      const rootPlan = this.#plan(refuse);
      const log = this.#order.managed?.observer;
      request = {
        rootPlan,
        root,
        container: supply,
        graceMs,
        clock: this.#clock,
        log,
        ...drive(rootPlan.plan),
      };
    } catch (error) {
      root.release();
      throw error;
    }
    const leaks = this.#parts.leaks?.open(root);
    if (leaks === undefined) return await conductRun(request);
    try {
      return await conductRun({ ...request, leaks });
    } finally {
      await leaks.endRun();
    }
  }

  #plan(refuse: RunDriver['refuse']): RootPlan {
    const { root } = this;
    const { options, replacement, plans } = this.#parts;
    const { container, maxDepth = DEFAULT_MAX_DEPTH, requireTenant } = options;
    if (requireTenant === true && root.context.run.tenantId === undefined) throw tenantRequired(this.#name);
    const environment = new DefinitionEnvironment(container, maxDepth, replacement?.definition);
    const rootPlan = plans.planFor(this.#order.definition, root.frame, environment);
    refuse(rootPlan.plan);
    if (rootPlan.needs.hasKeys) checkRequirements(rootPlan.plan.blueprint, root.frame);
    return rootPlan;
  }
}

/** Joins the services of context and runner. All observers receive events; other services of the context come first. */
function servicesWith(options: PipelineRunnerOptions, own: ServiceOptions): ServiceOptions {
  const { executionObserver, deadLetterSink, logger } = options;
  const observing = [executionObserver, own.executionObserver].filter((observer) => observer !== undefined);
  return {
    executionObserver: observing.length > 1 ? joinObservers(observing) : observing[0],
    lineage: lineageOf(own) ?? lineageOf(options),
    deadLetterSink: own.deadLetterSink ?? deadLetterSink,
    deadLetterDecorator: own.deadLetterDecorator,
    logger: own.logger === silentLogger ? (logger ?? silentLogger) : own.logger,
  };
}
