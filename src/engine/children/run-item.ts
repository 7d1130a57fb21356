import { runInContext } from '../../context/ambient-context.js';
import type { Work } from '../execution/work.js';
import type { ChildExecution } from '../plan/plan.js';

/** Runs a child with what it gets for an item of the composite: in the context of the child. */
export function runItem(child: ChildExecution, item: unknown): Work {
  const { link, plan } = child;
  return link === undefined
    ? runInContext(child, plan.asChild.code, child, item, undefined)
    : runInContext(child, plan.asChild.code, child, link.input, link.inner);
}
