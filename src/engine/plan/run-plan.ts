import { systemClock } from '../../ports/clock.js';
import { callRegistered, disposalFailed, outcomeAfter } from '../../context/disposers.js';
import type { DisposerFailure } from '../../context/disposers.js';
import { alarmAt } from '../../run/ending/alarm.js';
import { activateNodes } from './activation.js';
import { asNode, enterExecution } from '../execution/active-scopes.js';
import { closedInTime } from '../execution/closed-in-time.js';
import { ClosingSteps } from '../execution/closing-steps.js';
import type { ClosingStep } from '../execution/closing-steps.js';
import { disposerUnanswered, sinkRejected } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { allEnded } from '../stages/fan-out-stage.js';
import { flushSteps } from './flush-steps.js';
import type { Plan } from './plan.js';
import type { OpenPart } from '../execution/run-state.js';
import { askNodeScopes, tellNodesStarted } from '../execution/tell.js';
import { outcomeOf, tellEnd } from './tell-events.js';
import { watchNodes } from './watch-nodes.js';
import { after } from '../execution/work.js';
import type { Work } from '../execution/work.js';

/** Constructs and initialises the nodes, and sends their start events. */
export function openNodes(plan: Plan, execution: Execution): Work {
  if (execution.run.hasScopes) askNodeScopes(execution, plan.nodes);
  // Nearly every child: closures are made for the others only.
  const activated =
    plan.writables.length === 0
      ? activateNodes(plan, execution)
      : after(attachStreams(plan, execution), () => activateNodes(plan, execution));
  if (execution.told === undefined && execution.run.readings === undefined) return activated;
  return after(activated, () => {
    watchNodes(plan, execution);
    tellNodesStarted(execution, plan.nodes);
  });
}

/** Begins to listen to the streams that sinks write to. */
function attachStreams({ writables }: Plan, execution: Execution): Work {
  return allEnded(writables.map((sink) => (execution.isHalted ? undefined : sink.attach(execution))));
}

/** Runs the plan's own sources concurrently, each to its end. */
export function runSources(plan: Plan, execution: Execution): Work {
  return allEnded(plan.sources.map((source) => source.run(execution)));
}

/**
 * Closes an execution: flushes sinks, calls disposers, sends the end event. Only the first call counts; never rejects.
 *
 * @param isForced true after the run's deadline: all remaining steps then start at once.
 */
export function closeExecution(plan: Plan, execution: Execution, isForced = false): Work {
  const { closing, frame } = execution;
  if (closing !== undefined) return isForced ? closing.hurry() : undefined;
  if (frame.isDisposed) return undefined;
  if (execution.hasLost) execution.failByLosses();
  // The usual child of a composite: nothing to flush, no disposers.
  if (
    plan.sinks.length === 0 &&
    frame.disposerCount === 0 &&
    frame.parent !== undefined &&
    execution.lingering === undefined &&
    (execution.told === undefined || execution.run.leaks === undefined)
  ) {
    frame.closeDisposal(outcomeOf(execution));
    execution.closed();
    if (execution.told !== undefined) tellEnd(execution);
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
    // A run's end event comes after its disposal; a child's does not wait for calls that linger.
    const isLast = isPutOff && execution.parent === undefined;
    if (!isLast) tellEnd(execution);
    if (isPutOff) disposal = disposeLater(execution, isLast);
    else execution.leaveAllPlaces();
  };
  const closing = new ClosingSteps(flushes, run, {
    more: ({ isHurried }) => {
      // Only disposal waits for lingering calls, as they may use what is disposed; after the deadline it does not wait.
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
  // A run waits for a disposal that was put off; a child does not, so that the composite's item can go on.
  if (execution.parent === undefined) return after(closed, () => disposal);
  return closed === undefined || isForced ? closed : closedInTime(execution, closing, closed);
}

/** Calls the disposers of an execution when its lingering calls have ended, or after the grace period. */
function disposeLater(execution: Execution, isLast: boolean): Work {
  const { frame, run, parent } = execution;
  const failures: DisposerFailure[] = [];
  const disposal = new ClosingSteps([lingeringStep(execution)], run, {
    more: () => disposeSteps(execution, failures),
    finish: () => {
      frame.closeDisposal(outcomeAfter(outcomeOf(execution), failures));
      for (const failure of failures) frame.reportDisposer(failure);
      execution.leaveAllPlaces();
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
    enterExecution(execution, () => void disposal.hurry());
  });
  const ended = after(disposal.run(), () => {
    stopAlarm();
    run.release(part);
    return undefined;
  });
  if (ended !== undefined) parent?.linger(ended);
  return ended;
}

/** Waits for calls that have outlived their limit: they may still use what the disposers close. */
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
      run: () =>
        asNode(execution, path, callRegistered, registered, outcomeAfter(outcomeOf(execution), failures)),
      failed: (error) => failures.push({ path, error }),
      late: () => {
        run.abandoned.add(path);
        failures.push({ path, error: disposerUnanswered(path, run.end.graceMs) });
      },
    };
  });
}

/** Makes the step, at the end of a run, that waits until `onEntry` has taken all costs. */
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

/** Commits the session of a run that succeeded. Fails the run if another run has committed a conflicting change. */
function commitSession(execution: Execution): void {
  const { parent, path, services } = execution.frame;
  if (parent !== undefined || execution.isHalted) return;
  const conflict = services.run.commit(path);
  if (conflict !== undefined) execution.fail(conflict, undefined);
}

/** Fails an execution whose disposers threw; if it has failed already, their errors are only logged. */
function reportDisposers(execution: Execution, failures: readonly DisposerFailure[]): void {
  const failed = disposalFailed(failures, outcomeOf(execution));
  if (failed === undefined) return;
  if (!execution.isHalted) {
    execution.fail(failed, undefined);
    return;
  }
  execution.run.noteFailure(failed, 1);
  for (const failure of failures) execution.frame.reportDisposer(failure);
}
