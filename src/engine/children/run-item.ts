import { runInContext } from '../../context/ambient-context.js';
import { enterExecution } from '../execution/active-scopes.js';
import type { Work } from '../execution/work.js';
import type { ChildExecution } from '../plan/plan.js';
import { tellStart } from '../plan/tell-events.js';

/** Runs a child with what it gets for an item of the composite: in the context of the child. */
export function runItem(child: ChildExecution, item: unknown): Work {
  return child.run.isWatchedBelow ? runWatched(child, item) : run(child, item);
}

function run(child: ChildExecution, item: unknown): Work {
  const { link, plan } = child;
  return link === undefined
    ? runInContext(child, plan.asChild.code, child, item, undefined)
    : runInContext(child, plan.asChild.code, child, link.input, link.followed);
}

/** The same where it is told, or measured: a child that runs is a call of its composite. */
function runWatched(child: ChildExecution, item: unknown): Work {
  const { plan, run: state, receiver } = child;
  if (state.followsBelow) runInContext(child, tellStart, plan, child);
  const meter = state.readings?.meterAt(receiver?.ofNode);
  if (meter?.isDue() !== true) return runScoped(child, item);
  const timed = meter.start();
  const work = runScoped(child, item);
  if (work === undefined) timed.stop();
  else
    void work.then(() => {
      timed.stop();
    });
  return work;
}

function runScoped(child: ChildExecution, item: unknown): Work {
  if (!child.run.hasScopes) return run(child, item);
  const { link, plan } = child;
  const { input, inner } = link ?? { input: item, inner: undefined };
  return enterExecution(child, plan.asChild.code, child, input, inner);
}
