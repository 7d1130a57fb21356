import type { Outcome } from '../../ports/execution-observer.js';
import type { ClosingStep } from '../execution/closing-steps.js';
import { flushUnanswered, streamUnanswered, wholeNodeFailed } from '../execution/engine-errors.js';
import type { Execution } from '../execution/execution.js';
import { tellNodeCompleted } from '../execution/tell.js';
import type { Plan } from './plan.js';
import type { Writing } from '../execution/run-state.js';
import type { SinkStage } from '../stages/sink-stage.js';
import { outcomeOf } from './tell-events.js';

/**
 * Makes the steps that flush the sinks of an execution. An instance used by several nodes is flushed once, as the last.
 *
 * In the root execution, the steps that end the streams written by the run come after all flushes.
 */
export function flushSteps({ sinks, writables }: Plan, execution: Execution): ClosingStep[] {
  if (execution.parent !== undefined) return sinkSteps(sinks, execution);
  const { written } = execution.run;
  if (written === undefined) return sinkSteps(sinks, execution);
  const flushed = sinks.filter((sink) => !writables.some((writable) => writable === sink));
  const ended = [...written].map(([stream, writing]) => {
    const nodes = writables.filter((writable) => writable.stream === stream);
    return streamStep(writing, nodes, execution);
  });
  return [...sinkSteps(flushed, execution), ...ended];
}

function sinkSteps(sinks: readonly SinkStage[], execution: Execution): ClosingStep[] {
  if (sinks.length < 2) return sinks.map((sink) => flushStep(sink, [sink], execution));
  const nodes = new Map<unknown, SinkStage[]>();
  for (const sink of sinks) {
    const instance = sink.flushed(execution) ?? sink;
    const before = nodes.get(instance) ?? [];
    nodes.delete(instance);
    nodes.set(instance, [...before, sink]);
  }
  return [...nodes.values()].flatMap((each) => {
    const last = each.at(-1);
    return last === undefined ? [] : [flushStep(last, each, execution)];
  });
}

/** @param nodes all nodes that use the sink's instance. */
function flushStep(sink: SinkStage, nodes: readonly SinkStage[], execution: Execution): ClosingStep {
  const { site } = sink;
  const { run, done } = toldStep(nodes, execution, (outcome) => sink.flush(execution, outcome));
  return {
    path: site.path,
    run,
    done,
    failed: (thrown) => {
      execution.failClosing(wholeNodeFailed(site.path, thrown, 'failed in flush'), site);
    },
    late: () => {
      execution.run.abandoned.add(site.path);
      execution.failClosing(flushUnanswered(site.path, execution.run.end.graceMs), site);
    },
  };
}

/** @param nodes the nodes of the root pipeline that write to the stream. */
function streamStep(writing: Writing, nodes: readonly SinkStage[], execution: Execution): ClosingStep {
  const { site } = writing;
  const reason = (): unknown => execution.failure ?? execution.scope.reason;
  const { run, done } = toldStep(nodes, execution, (outcome) => writing.close(outcome, reason()));
  return {
    path: site.path,
    run,
    done,
    failed: (thrown) => {
      execution.failClosing(wholeNodeFailed(site.path, thrown, 'failed when its stream was ended'), site);
    },
    late: () => {
      const error = streamUnanswered(site.path, execution.run.end.graceMs);
      execution.failClosing(error, site);
      void writing.close('failed', error);
    },
  };
}

/** Makes a step that ends nodes with the execution's current outcome. After success it sends their end events. */
function toldStep(
  nodes: readonly SinkStage[],
  execution: Execution,
  end: (outcome: Outcome) => unknown,
): Required<Pick<ClosingStep, 'run' | 'done'>> {
  let outcome: Outcome;
  return {
    run: () => {
      outcome = outcomeOf(execution);
      return end(outcome);
    },
    // By the outcome at the flush, not a later one: a sink that was flushed has succeeded, even if another step fails.
    done: () => {
      if (outcome !== 'succeeded') return;
      for (const node of nodes) tellNodeCompleted(execution, node, outcome);
    },
  };
}
