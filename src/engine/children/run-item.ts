import { runInContext } from '../../context/ambient-context.js';
import type { RunReadings } from '../execution/run-readings.js';
import type { Work } from '../execution/work.js';
import type { ChildExecution } from '../plan/plan.js';

/** Runs a child with what it gets for an item of the composite: in the context of the child. */
export function runItem(child: ChildExecution, item: unknown): Work {
  const { readings } = child.run;
  return readings === undefined ? run(child, item) : timed(readings, child, item);
}

function run(child: ChildExecution, item: unknown): Work {
  const { link, plan } = child;
  return link === undefined
    ? runInContext(child, plan.asChild.code, child, item, undefined)
    : runInContext(child, plan.asChild.code, child, link.input, link.followed);
}

/** A child that runs is a call of its composite. */
function timed(readings: RunReadings, child: ChildExecution, item: unknown): Work {
  const meter = readings.meterAt(child.receiver?.ofNode);
  if (meter?.isDue() !== true) return run(child, item);
  const stop = meter.start();
  const work = run(child, item);
  if (work === undefined) stop();
  else void work.then(stop);
  return work;
}
