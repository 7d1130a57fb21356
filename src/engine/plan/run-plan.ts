import { systemClock } from '../../ports/clock.js';
import { callRegistered, disposalFailed, outcomeAfter } from '../../context/disposers.js';
import type { DisposerFailure } from '../../context/disposers.js';
import { runInContext } from '../../context/ambient-context.js';
import { alarmAt } from '../../run/ending/alarm.js';
import { activateNodes } from './activation.js';
import { closedInTime } from '../execution/closed-in-time.js';
import { ClosingSteps } from '../execution/closing-steps.js';
import type { ClosingStep } from '../execution/closing-steps.js';
import { disposerUnanswered, sinkRejected } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { flushSteps } from './flush-steps.js';
import type { Plan } from './plan.js';
import type { OpenPart } from '../execution/run-state.js';
import { outcomeOf, tellEnd, tellNodesStarted, tellStart } from './tell-events.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Tells that a child has started, and opens its nodes. */
export function openExecution(plan: Plan, execution: Execution): Work {
  if (execution.observer !== undefined) tellStart(plan, execution);
  return openNodes(plan, execution);
}

/** Constructs the nodes and tells that they have started. */
export function openNodes(plan: Plan, execution: Execution): Work {
  // Nearly every child: what has no closure makes nothing.
  return plan.writables.length === 0 && execution.observer === undefined
    ? activateNodes(plan, execution)
    : openInSteps(plan, execution);
}

function openInSteps(plan: Plan, execution: Execution): Work {
  const activated = after(attachStreams(plan, execution), () => activateNodes(plan, execution));
  if (execution.observer === undefined) return activated;
  return after(activated, () => {
    tellNodesStarted(plan, execution);
  });
}

/** Begins to listen to the streams that the nodes write to. */
function attachStreams({ writables }: Plan, execution: Execution): Work {
  return allEnded(writables.map((sink) => (execution.isHalted ? undefined : sink.attach(execution))));
}

/** Lets the plan's own sources run to their end, side by side. */
export function runSources(plan: Plan, execution: Execution): Work {
  return allEnded(plan.sources.map((source) => source.run(execution)));
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
  const flushes = flushSteps(plan, execution);
  let isPutOff = false;
  let disposal: Work;
  const finish = (): void => {
    if (!isPutOff) frame.closeDisposal(outcomeAfter(outcomeOf(execution), failures));
    reportDisposers(execution, failures);
    commitSession(execution);
    execution.settle();
    execution.closed();
    // The end of a run is the last that is told of it; an item's child has ended, whatever still lingers.
    const isLast = isPutOff && execution.parent === undefined;
    if (!isLast) tellEnd(execution);
    if (isPutOff) disposal = disposeLater(execution, isLast);
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
  if (execution.parent === undefined) return after(closed, () => disposal);
  return closed === undefined || isForced ? closed : closedInTime(execution, closing, closed);
}

/** Disposes what an execution has left once no call that may use it is under way, or after the grace period. */
function disposeLater(execution: Execution, isLast: boolean): Work {
  const { frame, run, parent } = execution;
  const failures: DisposerFailure[] = [];
  const disposal = new ClosingSteps([lingeringStep(execution)], run, {
    more: () => disposeSteps(execution, failures),
    finish: () => {
      frame.closeDisposal(outcomeAfter(outcomeOf(execution), failures));
      for (const failure of failures) frame.reportDisposer(failure);
      if (isLast) tellEnd(execution);
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
  if (ended !== undefined) parent?.linger(ended);
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

function disposeSteps(execution: Execution, failures: DisposerFailure[]): ClosingStep[] {
  const { frame, run } = execution;
  return frame.takeDisposers().map((registered) => {
    const { path } = registered;
    return {
      path,
      run: () => callRegistered(registered, outcomeAfter(outcomeOf(execution), failures)),
      failed: (error) => failures.push({ path, error }),
      late: () => {
        run.abandoned.add(path);
        failures.push({ path, error: disposerUnanswered(path, run.end.graceMs) });
      },
    };
  });
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
        for (const failure of await unbilled) execution.failClosing(failure, undefined);
      },
      failed: () => undefined,
      late: () => {
        const late = `no answer within ${String(execution.run.end.graceMs)} ms`;
        execution.failClosing(sinkRejected(path, "cost ledger's onEntry", late), undefined);
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
  else for (const failure of failures) execution.frame.reportDisposer(failure);
}
