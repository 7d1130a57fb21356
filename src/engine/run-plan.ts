import { systemClock } from '../ports/clock.js';
import { callRegistered, disposalFailed, worseThan } from '../context/disposers.js';
import type { DisposerFailure } from '../context/disposers.js';
import { runInContext } from '../context/ambient-context.js';
import { alarmAt } from '../run/alarm.js';
import { toErrorRecord } from '../ports/error-record.js';
import type { Outcome } from '../ports/execution-observer.js';
import { activateNodes } from './activation.js';
import { ClosingSteps } from './closing-steps.js';
import type { ClosingStep } from './closing-steps.js';
import { disposerUnanswered, flushUnanswered, wholeNodeFailed, sinkRejected } from './engine-errors.js';
import type { Execution } from './execution.js';
import { allEnded } from './fan-out-stage.js';
import type { Plan } from './plan.js';
import type { OpenPart } from './run-state.js';
import type { SinkStage } from './sink-stage.js';
import { after } from './work.js';
import type { Work } from './work.js';

/** Constructs the nodes and tells that they have started. */
export function openExecution(plan: Plan, execution: Execution): Work {
  return execution.observer === undefined ? activateNodes(plan, execution) : openObserved(plan, execution);
}

function openObserved(plan: Plan, execution: Execution): Work {
  execution.notify('pipelineStarted', plan.blueprint.path, { pipelineName: plan.blueprint.name });
  return after(activateNodes(plan, execution), () => {
    for (const stage of plan.nodes) stage.tell(execution, 'nodeStarted', {});
  });
}

/** Lets the plan's own sources run to their end, side by side. */
export function runSources(plan: Plan, execution: Execution): Work {
  return allEnded(plan.sources.map((source) => source.run(execution)));
}

/** How an execution stands at this moment. */
export function outcomeOf(execution: Execution): Outcome {
  if (execution.failure !== undefined) return 'failed';
  return execution.frame.scope.reason === undefined ? 'succeeded' : 'cancelled';
}

/**
 * Flushes the sinks, disposes what was made, and tells how it ended; once, and never rejects.
 *
 * @param isForced whether the run is given up: what is left to do is done without waiting for what hangs.
 */
export function closeExecution(plan: Plan, execution: Execution, isForced = false): Work {
  const { closing, frame } = execution;
  if (closing !== undefined) return isForced ? closing.hurry() : undefined;
  if (frame.isDisposed) return undefined;
  // Nearly every child of a composite: nothing to flush, to dispose or to tell.
  if (
    plan.sinks.length === 0 &&
    frame.disposerCount === 0 &&
    execution.observer === undefined &&
    frame.parent !== undefined &&
    execution.lingering === undefined
  ) {
    frame.closeDisposal(outcomeOf(execution));
    execution.closed();
    return undefined;
  }
  return closeInSteps(plan, execution, isForced);
}

function closeInSteps(plan: Plan, execution: Execution, isForced: boolean): Work {
  const { frame, run } = execution;
  const failures: DisposerFailure[] = [];
  const flushes = plan.sinks.map((sink) => flushStep(sink, execution));
  let isPutOff = false;
  let disposal: Work;
  const finish = (): void => {
    if (!isPutOff) frame.closeDisposal(outcomeAfter(execution, failures));
    reportDisposers(execution, failures);
    commitSession(execution);
    execution.settle();
    execution.closed();
    const tellEnd = (): void => {
      if (execution.observer !== undefined) notifyEnd(plan, execution);
    };
    // The end of a run is the last that is told of it; an item's child has ended, whatever still lingers.
    const isLast = isPutOff && execution.around === undefined;
    if (!isLast) tellEnd();
    if (isPutOff) disposal = disposeLater(execution, isLast ? tellEnd : undefined);
  };
  const closing = new ClosingSteps(flushes, run, {
    more: ({ isHurried }) => {
      // Nothing waits for calls that have outlived their limit but the disposal; at the run's deadline that does neither.
      isPutOff = !isHurried && (isPutOff || (execution.lingering?.size ?? 0) > 0);
      // A disposer may register another one.
      return isPutOff
        ? billSteps(execution)
        : [...disposeSteps(execution, failures), ...billSteps(execution)];
    },
    finish: run.leaks === undefined ? finish : () => run.leaks?.end(frame, finish),
  });
  execution.closing = closing;
  const closed = isForced ? closing.hurry() : closing.run();
  // A run waits for that, an item does not.
  return execution.around === undefined ? after(closed, () => disposal) : closed;
}

/** Disposes what an execution has left once no call that may use it is under way, or after the grace period. */
function disposeLater(execution: Execution, disposed?: () => void): Work {
  const { frame, run, around } = execution;
  const failures: DisposerFailure[] = [];
  const disposal = new ClosingSteps([lingeringStep(execution)], run, {
    more: () => disposeSteps(execution, failures),
    finish: () => {
      frame.closeDisposal(outcomeAfter(execution, failures));
      for (const failure of failures) reportDisposer(execution, failure);
      disposed?.();
    },
  });
  const part: OpenPart = {
    frame,
    get context() {
      return execution.context;
    },
    forceClose: () => disposal.hurry(),
    giveUp: () => {
      disposal.giveUp();
    },
  };
  run.keep(part);
  const stopAlarm = alarmAt(systemClock, systemClock.now() + run.end.graceMs, () => {
    runInContext(execution, () => void disposal.hurry());
  });
  const ended = after(disposal.run(), () => {
    stopAlarm();
    run.release(part);
    return undefined;
  });
  if (ended !== undefined) around?.linger(ended);
  return ended;
}

/** Waits for calls that have outlived their limit: they may use what the execution has registered. */
function lingeringStep({ lingering }: Execution): ClosingStep {
  return {
    path: undefined,
    run: () => lingering?.all(),
    failed: () => undefined,
    late: () => undefined,
  };
}

function flushStep(sink: SinkStage, execution: Execution): ClosingStep {
  const { site } = sink;
  return {
    path: site.path,
    run: () => sink.flush(execution, outcomeOf(execution)),
    failed: (thrown) => {
      execution.fail(wholeNodeFailed(site.path, thrown, 'failed in flush'), site);
    },
    late: () => {
      execution.fail(flushUnanswered(site.path, execution.run.end.graceMs), site);
    },
  };
}

function disposeSteps(execution: Execution, failures: DisposerFailure[]): ClosingStep[] {
  const { frame, run } = execution;
  return frame.takeDisposers().map((registered) => {
    const { path } = registered;
    return {
      path,
      run: () => callRegistered(registered, outcomeAfter(execution, failures)),
      failed: (error) => failures.push({ path, error }),
      late: () => failures.push({ path, error: disposerUnanswered(path, run.end.graceMs) }),
    };
  });
}

/** How an execution stands once some of its disposers have failed. */
function outcomeAfter(execution: Execution, failures: readonly DisposerFailure[]): Outcome {
  const outcome = outcomeOf(execution);
  return failures.length === 0 ? outcome : worseThan(outcome);
}

/** Waits, at the end of a run, until its costs have been handed on. */
function billSteps(execution: Execution): ClosingStep[] {
  const { parent, path, services } = execution.frame;
  const unbilled = parent === undefined ? services.run.unbilled() : undefined;
  if (unbilled === undefined) return [];
  return [
    {
      path,
      run: async () => {
        for (const failure of await unbilled) execution.fail(failure, undefined);
      },
      failed: () => undefined,
      late: () => {
        const late = `no answer within ${String(execution.run.end.graceMs)} ms`;
        execution.fail(sinkRejected(path, "cost ledger's onEntry", late), undefined);
      },
    },
  ];
}

/** A run that has succeeded keeps what it wrote to its session, unless another run was faster. */
function commitSession(execution: Execution): void {
  const { parent, path, services } = execution.frame;
  if (parent !== undefined || execution.isHalted) return;
  const conflict = services.run.commit(path);
  if (conflict !== undefined) execution.fail(conflict, undefined);
}

/** A throwing disposer fails an execution that otherwise succeeded; it never replaces another error. */
function reportDisposers(execution: Execution, failures: readonly DisposerFailure[]): void {
  const failed = execution.isHalted ? undefined : disposalFailed(failures);
  if (failed !== undefined) execution.fail(failed, undefined);
  else for (const failure of failures) reportDisposer(execution, failure);
}

function reportDisposer({ frame }: Execution, failure: DisposerFailure): void {
  frame.report('error', { ...failure }, 'a disposer failed');
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
