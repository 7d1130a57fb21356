import { isInstanceOf } from '../data/foreign-value.js';
import { runInContext } from '../context/ambient-context.js';
import type { RootContext } from '../context/root-context.js';
import type { RequiredSecret } from '../composition/requirements.js';
import { BudgetExceededError, exceededAgain } from '../errors/budget-exceeded-error.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import type { RunLineage } from '../lineage/run-lineage.js';
import { alarmAt } from '../run/ending/alarm.js';
import type { WatchedClock } from '../run/ending/watched-clock.js';
import { activeTrace, traceIdOf } from '../run/trace-context.js';
import { systemClock } from '../ports/clock.js';
import type { ExecutionObserver } from '../ports/execution-observer.js';
import { enterAs } from './execution/active-scopes.js';
import { EndDeadline } from './execution/end-deadline.js';
import { Execution } from './execution/execution.js';
import type { OutputReceiver } from './execution/execution.js';
import type { NodeSupply } from './execution/node-supply.js';
import type { Plan } from './plan/plan.js';
import type { RootPlan } from './compiling/plan-cache.js';
import type { RunLeaks } from './leaks/run-leaks.js';
import { runResult } from './execution/run-result.js';
import type { RunResult } from './execution/run-result.js';
import { RunState } from './execution/run-state.js';
import type { OpenPart } from './execution/run-state.js';
import { scopeError, sinkRejected } from './execution/engine-errors.js';
import { closeExecution, openNodes } from './plan/run-plan.js';
import { outcomeOf, tellEnd, tellStart } from './plan/tell-events.js';
import { watchCosts } from './watch-costs.js';
import { within } from './execution/within.js';
import { after } from './execution/work.js';
import type { Work } from './execution/work.js';

/** Everything that is needed to run a plan. */
export interface RunRequest {
  readonly rootPlan: RootPlan;
  readonly root: RootContext;
  readonly container: NodeSupply | undefined;
  /** Milliseconds to wait, at the end, for code that ignores the aborted signal. */
  readonly graceMs: number;
  readonly receiver: OutputReceiver | undefined;
  /** The user's clock; the run fails if the clock does. */
  readonly clock?: WatchedClock | undefined;
  /** Reports timers and listeners left behind, in development mode. */
  readonly leaks?: RunLeaks | undefined;
  /** Hears the events of the root execution, for the log of a managed run. */
  readonly log?: ExecutionObserver | undefined;
  /** Brings the items in; called when the nodes are ready. */
  feed(execution: Execution): Work;
}

/**
 * Runs a plan to its end and makes the result.
 *
 * @throws {@link PipelineError} when the run fails, {@link RunCancelledError} when it is cancelled; the error's `result`
 * holds status and counts.
 */
export async function conductRun(request: RunRequest): Promise<RunResult> {
  const { rootPlan, root } = request;
  const { plan, ledger } = rootPlan;
  const { clock } = root.frame.scope;
  const startedMs = clock.now();
  const end = new EndDeadline(request.graceMs);
  const run = new RunState(ledger, request.container, root, end, request.leaks, request.log);
  const execution = new Execution(run, root.frame, request.receiver, plan);
  countFromZero(plan, run);
  if (run.lineage !== undefined) watchLineage(run.lineage, execution);
  request.clock?.tellFault((fault) => {
    execution.fail(fault, undefined, true);
  });
  runInContext(root, tellStart, plan, execution);
  const traceId = traceOf(root, execution);
  const stopWatching = watchCosts(execution);
  const work = enterAs(root, execution, runRoot, request, execution);
  if (work !== undefined) await settledOrGivenUp(work, execution);
  const unbilled = enterAs(root, execution, reportUnbilled, execution);
  if (unbilled !== undefined) await unbilled;
  if (run.lineage?.hasOpen === true) await enterAs(root, execution, dropOpenItems, run.lineage, execution);
  if (run.lineage !== undefined) await enterAs(root, execution, flushLineage, run.lineage, execution);
  runInContext(root, tellEnd, execution);
  stopWatching();
  root.release();
  request.clock?.tellFault(undefined);
  const result = runResult({
    runId: root.context.runId,
    pipelineId: root.context.pipelineId,
    pipelineName: root.context.pipelineName,
    status: outcomeOf(execution),
    durationMs: clock.now() - startedMs,
    nodes: run.counts.snapshot(),
    abandoned: Object.freeze([...run.abandoned]),
    cost: root.frame.services.run.cost.total(),
    failures: root.frame.services.run.redactor.data(run.failures),
    ...(run.lineage === undefined ? {} : { lineage: run.lineage.writer.counts }),
    ...(traceId === undefined ? {} : { traceId }),
    context: root.context,
  });
  const error = endingError(execution);
  if (error === undefined) return result;
  for (const [name, value] of Object.entries({ result, abandoned: result.abandoned })) {
    // Not enumerable: an error that is logged does not print the parameters in its result.
    Object.defineProperty(error, name, { value, configurable: true });
  }
  root.frame.services.run.redactor.error(error);
  throw error;
}

/** The id of the trace that a run belongs to: of the one that it was given, else of the one that an observer has begun. */
function traceOf(root: RootContext, execution: Execution): string | undefined {
  const given = root.frame.identity.get('traceparent');
  const begun = execution.run.hasScopes ? enterAs(root, execution, activeTrace)?.traceparent : undefined;
  const traceparent = given ?? begun;
  return traceparent && traceIdOf(traceparent);
}

/** Makes the counters of all nodes of the tree, so that nodes without items are in the result, too. */
function countFromZero(plan: Plan, run: RunState): void {
  for (const { site } of [...plan.nodes, ...plan.fallbacks]) run.counts.counter(site.index);
  for (const { latest } of plan.children) if (latest !== undefined) countFromZero(latest.plan, run);
}

function runRoot(request: RunRequest, execution: Execution): Work {
  const { plan } = request.rootPlan;
  if (execution.isHalted) return closeExecution(plan, execution);
  const { run, frame, context } = execution;
  run.readings?.start({
    sources: [...plan.sources, ...(plan.input === undefined ? [] : [plan.input])].map(({ index }) => index),
    all: plan.nodes.map(({ index }) => index),
  });
  const part: OpenPart = {
    frame,
    context,
    forceClose: () => closeExecution(plan, execution, true),
    giveUp: () => execution.closing?.giveUp(),
  };
  run.keep(part);
  const opened = after(findSecrets(request.rootPlan.needs.secrets, execution), () =>
    execution.isHalted ? undefined : openNodes(plan, execution),
  );
  const fed = after(opened, () => (execution.isHalted ? undefined : request.feed(execution)));
  const closed = after(fed, () => {
    run.end.begin();
    // Before the end is settled, so that a failure can end the run.
    const flushed = run.lineage && flushLineage(run.lineage, execution);
    return after(flushed, () => closeExecution(plan, execution));
  });
  return closed?.then(() => {
    run.release(part);
  });
}

/** Gets all required secrets before any node is constructed; fails the run if one is missing. */
function findSecrets(required: readonly RequiredSecret[], execution: Execution): Work {
  if (required.length === 0) return undefined;
  const { scope, services } = execution.frame;
  const found = required.map(async ({ name, path }) => {
    try {
      await services.run.secrets.at(path, scope).get(name);
    } catch (error) {
      if (isInstanceOf(error, PipelineError)) execution.fail(error, undefined);
    }
  });
  return Promise.all(found).then(() => undefined);
}

/** Waits for the run's work. At the run's deadline, notes the busy nodes as abandoned and closes all that is open. */
function settledOrGivenUp(work: Promise<void>, execution: Execution): Promise<void> {
  const { run } = execution;
  return new Promise((resolve, reject) => {
    let stopAlarm: (() => void) | undefined;
    const giveUp = (): void => {
      for (const path of run.busyPaths()) run.abandoned.add(path);
      run.forceClose().then(resolve, reject);
    };
    run.end.whenKnown((atMs) => {
      stopAlarm = alarmAt(systemClock, atMs, giveUp);
    });
    const unwatch = execution.onStop(() => {
      run.end.begin();
    });
    work
      .finally(() => {
        stopAlarm?.();
        unwatch();
      })
      .then(resolve, reject);
  });
}

/**
 * Waits for the `onEntry` of costs that lingering calls recorded.
 *
 * Its failures are only logged, as the run has ended.
 */
function reportUnbilled({ frame, run }: Execution): Promise<unknown> | undefined {
  const unbilled = frame.services.run.reportUnbilled();
  return unbilled && within(unbilled, run.end.leftMs);
}

/** Has a lineage sink that fails end the run, unless its failures are only to be reported. */
function watchLineage({ writer }: RunLineage, execution: Execution): void {
  const { frame } = execution;
  const isReported = frame.services.lineage?.onSinkError === 'report';
  let isFirst = true;
  writer.onRefusal = (error, path = frame.path) => {
    if (isReported && isFirst) frame.report('error', { error }, 'the lineage sink failed');
    else if (!isReported) execution.fail(sinkRejected(path, 'lineage sink', error), undefined, true);
    isFirst = false;
  };
}

/** Has the lineage sink settle what it has taken and write what it holds back, as far as the run's deadline lets it. */
function flushLineage({ writer }: RunLineage, { run }: Execution): Work {
  const flushed = writer.flush();
  return flushed && within(flushed, run.end.leftMs).then(() => undefined);
}

async function dropOpenItems(lineage: RunLineage, { frame, run }: Execution): Promise<void> {
  await within(lineage.dropAll({ id: '', path: frame.path }, frame), run.end.leftMs);
}

/**
 * The error that ends the run.
 *
 * If the run around ends by the same error, a new one is made, to carry this run's result.
 */
function endingError(execution: Execution): PipelineError | undefined {
  if (execution.failure !== undefined) return execution.failure;
  const { reason, parent, path, run } = execution.frame.scope;
  if (reason === undefined) return undefined;
  if (parent?.reason !== reason) return scopeError(reason);
  const { cause } = reason;
  if (isInstanceOf(cause, BudgetExceededError) && parent.run === run) return exceededAgain(cause);
  return new RunCancelledError(reason.reason, path, { cause: reason });
}
