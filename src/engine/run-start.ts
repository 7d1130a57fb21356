import type { DefinitionSource } from '../builder/blueprint.js';
import { DEFAULT_MAX_DEPTH, DefinitionEnvironment } from '../composition/definition-environment.js';
import { pipelineNameOf } from '../composition/describe-root.js';
import { checkRequirements } from '../composition/requirements.js';
import { currentContext } from '../context/ambient-context.js';
import type { ServiceOptions } from '../context/context-services.js';
import { frameOf } from '../context/pipeline-context.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { rootContext } from '../context/root-context.js';
import type { RootContext } from '../context/root-context.js';
import { joinObservers } from '../observability/observers.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import { silentLogger } from '../ports/logger.js';
import { tenantRequired } from '../run/tenant-required.js';
import type { WatchedClock } from '../run/ending/watched-clock.js';
import { conductRun } from './conduct-run.js';
import type { RunRequest } from './conduct-run.js';
import type { LeakDetector } from './leaks/leak-detector.js';
import type { ManagedCall } from './managed-call.js';
import type { NodeSupply } from './execution/node-supply.js';
import { DEFAULT_GRACE_MS } from './pipeline-runner-options.js';
import type { PipelineRunnerOptions } from './pipeline-runner-options.js';
import type { Plan } from './plan/plan.js';
import type { PlanCache } from './compiling/plan-cache.js';
import type { RunReplacement } from './compiling/run-replacement.js';
import type { RunResult } from './execution/run-result.js';

/** What all runs of one runner share. */
export interface RunnerParts {
  readonly options: PipelineRunnerOptions;
  readonly replacement: RunReplacement | undefined;
  readonly plans: PlanCache;
  readonly supply: NodeSupply | undefined;
  /** In development mode. */
  readonly leaks: LeakDetector | undefined;
  /** Called for each run; undefined for those that do not count. */
  readonly noteRun: (() => void) | undefined;
}

/** What a run is asked to do. */
export interface RunOrder {
  readonly definition: DefinitionSource;
  readonly template: PipelineContext;
  /** The clock that the user gave. */
  readonly clock: WatchedClock | undefined;
  /** When the run was asked for, where it begins later than it is opened. */
  readonly calledMs?: number;
  /** What a manager adds, where it has started the run. */
  readonly managed?: ManagedCall;
}

/** How a kind of run brings its items in and its outputs out. */
export interface RunDriver {
  /** @throws {@link PipelineError} where the plan is not of that kind. */
  readonly refuse: (plan: Plan) => void;
  readonly drive: (plan: Plan) => Pick<RunRequest, 'receiver' | 'feed'>;
}

/** A run that has its root context, and with it its limits, and has still to begin. */
export class RunStart {
  readonly root: RootContext;
  readonly #parts: RunnerParts;
  readonly #order: RunOrder;
  readonly #name: string;

  /** @throws {@link PipelineError} `OPTION_INVALID` or `DEFINITION_INVALID`. */
  constructor(parts: RunnerParts, order: RunOrder) {
    const { definition, template, clock, calledMs, managed } = order;
    this.#parts = parts;
    this.#order = order;
    this.#name = pipelineNameOf(definition);
    const services = servicesWith(parts.options, frameOf(template).services, managed?.observer);
    clock?.check();
    const site = { path: this.#name, pipelineName: this.#name };
    const outer = currentContext()?.run;
    this.root = rootContext(template, site, services, outer, clock, calledMs, managed?.said);
    managed?.opened(this.root);
  }

  /** Finds the plan of the run, and conducts the run. */
  async conduct({ refuse, drive }: RunDriver): Promise<RunResult> {
    const { root } = this;
    const { options, replacement, plans, supply } = this.#parts;
    const { definition, clock } = this.#order;
    const { container, maxDepth = DEFAULT_MAX_DEPTH, graceMs = DEFAULT_GRACE_MS, requireTenant } = options;
    this.#parts.noteRun?.();
    if (this.#order.calledMs !== undefined) root.frame.scope.keepAlive();
    let request: RunRequest;
    try {
      if (requireTenant === true && root.context.run.tenantId === undefined) throw tenantRequired(this.#name);
      const environment = new DefinitionEnvironment(container, maxDepth, replacement?.definition);
      const rootPlan = plans.planFor(definition, root.frame, environment);
      refuse(rootPlan.plan);
      if (rootPlan.needs.hasKeys) checkRequirements(rootPlan.plan.blueprint, root.frame);
      request = { rootPlan, root, container: supply, graceMs, clock, ...drive(rootPlan.plan) };
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
}

/** All observers get the events; a sink or logger of the context goes before the runner's. */
function servicesWith(
  options: PipelineRunnerOptions,
  own: ServiceOptions,
  managing: ExecutionObserver | undefined,
): ServiceOptions {
  const { executionObserver, lineageSink, deadLetterSink, logger } = options;
  const observing = [executionObserver, own.executionObserver, managing].filter(
    (observer) => observer !== undefined,
  );
  return {
    executionObserver: observing.length > 1 ? joinObservers(observing) : observing[0],
    lineageSink: own.lineageSink ?? lineageSink,
    deadLetterSink: own.deadLetterSink ?? deadLetterSink,
    deadLetterDecorator: own.deadLetterDecorator,
    logger: own.logger === silentLogger ? (logger ?? silentLogger) : own.logger,
  };
}
