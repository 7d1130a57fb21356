import { callDisposer, disposalFailed } from '../context/disposers.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { Outcome } from '../ports/execution-observer.js';
import { activateNodes } from './activation.js';
import { nodeFailed } from './engine-errors.js';
import type { Execution } from './execution.js';
import { allEnded } from './fan-out-stage.js';
import type { Plan } from './plan.js';
import type { StageSite } from './stage-site.js';
import { isThenable } from './thenable.js';
import type { Work } from './thenable.js';

/** Runs a sub-pipeline's plan for one item, from its first node to its last disposer. */
export function runItem(plan: Plan, execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
  const opened = openExecution(plan, execution);
  const ran =
    opened === undefined
      ? feedItem(plan, execution, item, trace)
      : opened.then(() => feedItem(plan, execution, item, trace));
  if (ran === undefined) return undefined;
  // Should it be given up, the run can close it.
  return ran.then(execution.run.keep(() => closeExecution(plan, execution)));
}

/** Constructs the nodes and tells that they have started. */
export function openExecution(plan: Plan, execution: Execution): Work {
  if (execution.observer !== undefined) {
    execution.notify('pipelineStarted', plan.blueprint.path, { pipelineName: plan.blueprint.name });
  }
  const activated = activateNodes(plan, execution);
  if (activated !== undefined) {
    return activated.then(() => {
      notifyStarted(plan, execution);
    });
  }
  notifyStarted(plan, execution);
  return undefined;
}

function notifyStarted(plan: Plan, execution: Execution): void {
  if (execution.observer === undefined) return;
  for (const { site } of plan.nodes) execution.notify('nodeStarted', site.path, { nodeId: site.id });
}

function feedItem(plan: Plan, execution: Execution, item: unknown, trace: ItemTrace | undefined): Work {
  const { input, sources } = plan;
  const needsEnd = plan.needsEnd || execution.observer !== undefined;
  const started = sources.map((source) => source.run(execution));
  const pushed = execution.isHalted ? undefined : input?.push(execution, item, trace);
  const fed =
    pushed === undefined
      ? needsEnd
        ? input?.end(execution)
        : undefined
      : pushed.then(() => input?.end(execution));
  const all = sources.length === 0 ? fed : allEnded([...started, fed]);
  return all === undefined
    ? closeExecution(plan, execution)
    : all.then(() => closeExecution(plan, execution));
}

/** How an execution stands at this moment. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/** Flushes the sinks, disposes what was made, and tells how it ended; once, and never rejects. */
export function closeExecution(plan: Plan, execution: Execution): Work {
  if (execution.isClosed) return undefined;
  execution.isClosed = true;
  const { frame } = execution;
  const thrownByDisposers: unknown[] = [];
  const flushes = plan.sinks.map((sink) =>
    closingStep(
      sink.site,
      () => sink.flush(execution, outcomeOf(execution)),
      (thrown) => {
        execution.fail(nodeFailed(sink.site.path, thrown, 'failed in flush'), sink.site);
      },
    ),
  );
  const disposals = (): readonly ClosingStep[] =>
    frame.takeDisposers().map((disposer) =>
      closingStep(
        { path: frame.path },
        () => callDisposer(disposer),
        (thrown) => {
          thrownByDisposers.push(thrown);
        },
      ),
    );
  const finish = (): void => {
    frame.closeDisposal();
    reportDisposers(execution, thrownByDisposers);
    if (execution.observer !== undefined) notifyEnd(plan, execution);
  };
  const flushed = runSteps(flushes, execution, 0);
  const dispose = (): Work => (frame.disposerCount === 0 ? undefined : runSteps(disposals(), execution, 0));
  const disposed = flushed === undefined ? dispose() : flushed.then(dispose);
  if (disposed === undefined) {
    finish();
    return undefined;
  }
  return disposed.then(finish);
}

/** Something to do at the end of an execution, and what to do with an error of it. */
interface ClosingStep {
  readonly path: string;
  readonly run: () => unknown;
  readonly failed: (thrown: unknown) => void;
}

function closingStep(
  { path }: Pick<StageSite, 'path'>,
  run: () => unknown,
  failed: (thrown: unknown) => void,
): ClosingStep {
  return { path, run, failed };
}

/** One after the other, all of them; without a promise as long as none is returned. */
function runSteps(steps: readonly ClosingStep[], execution: Execution, first: number): Work {
  for (let index = first; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === undefined) continue;
    try {
      const pending = step.run();
      if (!isThenable(pending)) continue;
      const wait = execution.run.waitAt(step.path);
      return Promise.resolve(pending)
        .then(undefined, step.failed)
        .then(() => {
          wait.end();
          return runSteps(steps, execution, index + 1);
        });
    } catch (thrown) {
      step.failed(thrown);
    }
  }
  return undefined;
}

/** A throwing disposer fails an execution that otherwise succeeded; it never replaces another error. */
function reportDisposers(execution: Execution, thrown: readonly unknown[]): void {
  if (thrown.length === 0) return;
  const { path, services } = execution.frame;
  if (execution.isHalted) {
    for (const error of thrown) services.logger.error({ error, path }, 'a disposer failed');
  } else {
    execution.fail(disposalFailed(path, thrown), undefined);
  }
}

function notifyEnd(plan: Plan, execution: Execution): void {
  const outcome = outcomeOf(execution);
  for (const { site } of plan.nodes) {
    const nodeOutcome = outcome === 'failed' && execution.failedStage !== site ? 'cancelled' : outcome;
    execution.notifyCompleted(site, nodeOutcome);
  }
  const { name: pipelineName, path } = plan.blueprint;
  const error = execution.failure ?? execution.frame.scope.reason;
  if (outcome === 'succeeded') execution.notify('pipelineCompleted', path, { pipelineName, outcome });
  else execution.notify('pipelineFailed', path, { pipelineName, outcome, error: toErrorRecord(error) });
}
