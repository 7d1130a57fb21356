import { runInContext } from '../context/ambient-context.js';
import type { RootContext } from '../context/root-context.js';
import { requiredSecrets } from '../composition/requirements.js';
import { BudgetExceededError } from '../errors/budget-exceeded-error.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { RunCancelledError } from '../errors/run-cancelled-error.js';
import { alarmAt } from '../run/alarm.js';
import type { NodeContainer } from '../ports/node-container.js';
import { Execution } from './execution.js';
import type { OutputReceiver } from './execution.js';
import type { Plan } from './plan.js';
import type { RootPlan } from './plan-cache.js';
import type { RunLeaks } from './run-leaks.js';
import type { RunResult } from './run-result.js';
import { RunState } from './run-state.js';
import type { OpenPart } from './run-state.js';
import { scopeError } from './engine-errors.js';
import { closeExecution, openExecution, outcomeOf } from './run-plan.js';
import { tracedPlace } from './stage.js';
import { within } from './within.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** What a run is made of. */
export interface RunRequest {
  readonly rootPlan: RootPlan;
  readonly root: RootContext;
  readonly container: NodeContainer | undefined;
  /** How long to wait for nodes that ignore the aborted signal. */
  readonly graceMs: number;
  readonly receiver: OutputReceiver | undefined;
  /** Sees what executions leave behind, in development mode. */
  readonly leaks?: RunLeaks | undefined;
  /** Brings the items in, once the nodes are ready. */
  feed(execution: Execution): Work;
}

/**
 * Runs a plan from its start to its one end.
 *
 * @throws {@link PipelineError} the failure, or the {@link RunCancelledError}; its `result` says how far the run came.
 */
export async function conductRun(request: RunRequest): Promise<RunResult> {
  const { rootPlan, root } = request;
  const { plan, ledger } = rootPlan;
  const startedAt = performance.now();
  const run = new RunState(ledger, request.container, root, request.graceMs, request.leaks);
  const execution = new Execution(run, root.frame, request.receiver, plan.states);
  countFromZero(plan, run);
  const abandoned = new Set<string>();
  const graceEndsAt: GraceEnd = { ms: undefined };
  const work = runInContext(root, runRoot, request, execution);
  if (work !== undefined)
    await settledOrGivenUp(work, run, execution, request.graceMs, abandoned, graceEndsAt);
  const leftMs = graceEndsAt.ms === undefined ? request.graceMs : Math.max(0, graceEndsAt.ms - Date.now());
  await runInContext(root, endLingering, run, leftMs, abandoned);
  await runInContext(root, reportUnbilled, execution, request.graceMs);
  await runInContext(root, dropOpenTraces, run, execution);
  root.release();
  const result: RunResult = Object.freeze({
    runId: root.context.runId,
    pipelineId: root.context.pipelineId,
    pipelineName: root.context.pipelineName,
    status: outcomeOf(execution),
    durationMs: performance.now() - startedAt,
    nodes: new Map([...run.countersByPath()].map(({ path, counter }) => [path, counter.snapshot()] as const)),
    abandoned: Object.freeze([...abandoned]),
    cost: root.frame.services.run.cost.total(),
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

/** Makes the counts of every node of the tree, as far as it is described: a node without items is in the result too. */
function countFromZero(plan: Plan, run: RunState): void {
  for (const { site } of plan.nodes) run.counter(site.index);
  for (const { latest } of plan.children) if (latest !== undefined) countFromZero(latest, run);
}

/** When the time of nodes that ignore the aborted signal is over; counted from the run's failure or cancel. */
interface GraceEnd {
  ms: number | undefined;
}

function runRoot(request: RunRequest, execution: Execution): Work {
  const { plan } = request.rootPlan;
  if (execution.isHalted) return closeExecution(plan, execution);
  const { run, frame, context } = execution;
  const part: OpenPart = { frame, context, forceClose: () => closeExecution(plan, execution, true) };
  run.keep(part);
  const fed = after(findSecrets(plan, execution), () =>
    execution.isHalted ? undefined : after(openExecution(plan, execution), () => request.feed(execution)),
  );
  return after(fed, () => closeExecution(plan, execution))?.then(() => {
    run.release(part);
  });
}

/** Looks the required secrets up before anything starts. */
function findSecrets(plan: Plan, execution: Execution): Work {
  const required = requiredSecrets(plan.blueprint);
  if (required.length === 0) return undefined;
  const { scope, services } = execution.frame;
  const found = required.map(async ({ name, path }) => {
    try {
      await services.run.secrets.at(path, scope).get(name);
    } catch (error) {
      if (error instanceof PipelineError) execution.fail(error, undefined);
    }
  });
  return Promise.all(found).then(() => undefined);
}

/** Waits for the work; once the run has failed or was cancelled, for so long at most. */
function settledOrGivenUp(
  work: Promise<void>,
  run: RunState,
  execution: Execution,
  graceMs: number,
  abandoned: Set<string>,
  graceEndsAt: GraceEnd,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopAlarm: (() => void) | undefined;
    const giveUp = (): void => {
      for (const path of pathsInFlight(run)) abandoned.add(path);
      void closeByForce(run, graceMs, abandoned).then(resolve);
    };
    const startGrace = (): void => {
      graceEndsAt.ms ??= Date.now() + graceMs;
      stopAlarm ??= alarmAt(graceEndsAt.ms, giveUp);
    };
    const unwatch = execution.onStop(startGrace);
    if (execution.isHalted) startGrace();
    work
      .finally(() => {
        stopAlarm?.();
        unwatch();
      })
      .then(resolve, reject);
  });
}

/** Who keeps the run waiting: nodes with items in their hands, and what is waited for outside of items. */
function pathsInFlight(run: RunState): string[] {
  const holding = [...run.countersByPath()].filter(
    ({ counter, isComposite }) => !isComposite && counter.inFlight > 0,
  );
  return [...holding.map(({ path }) => path), ...run.waiting()];
}

/** Waits for calls that have outlived their limit; names those that go on. */
async function endLingering(run: RunState, graceMs: number, abandoned: Set<string>): Promise<void> {
  const lingering = run.lingering();
  if (lingering.length === 0) return;
  const ended = new Set<string>();
  const all = lingering.map(([path, calls]) => calls.then(() => ended.add(path)));
  if (await within(Promise.all(all), graceMs)) return;
  for (const [path] of lingering) if (!ended.has(path)) abandoned.add(path);
  await closeByForce(run, graceMs, abandoned);
}

/** Waits for what lingering calls have recorded: too late to change how the run ended. */
async function reportUnbilled({ frame }: Execution, graceMs: number): Promise<void> {
  const unbilled = frame.services.run.reportUnbilled();
  if (unbilled !== undefined) await within(unbilled, graceMs);
}

/** Closes what is open; names what hangs even then. */
async function closeByForce(run: RunState, graceMs: number, abandoned: Set<string>): Promise<void> {
  if (await within(run.forceClose(), graceMs)) return;
  for (const path of run.waiting()) abandoned.add(path);
}

async function dropOpenTraces(run: RunState, execution: Execution): Promise<void> {
  const { frame } = execution;
  const place = tracedPlace(execution, { id: '', path: frame.path });
  for (const trace of run.openTraces) {
    try {
      await trace.drop(place);
    } catch (error) {
      frame.report('error', { error }, 'the lineage sink failed');
    }
  }
}

/** The error that ends the run. One that also ends another run is not shared with it: each carries its own result. */
function endingError(execution: Execution): PipelineError | undefined {
  if (execution.failure !== undefined) return execution.failure;
  const { reason, parent, path, run } = execution.frame.scope;
  if (reason === undefined) return undefined;
  if (parent?.reason !== reason) return scopeError(reason);
  const { cause } = reason;
  if (cause instanceof BudgetExceededError && parent.run === run) return BudgetExceededError.again(cause);
  return new RunCancelledError(reason.reason, path, { cause: reason });
}
