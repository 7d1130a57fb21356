import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { ChildExecution } from '../plan/plan.js';
import { closeExecution } from '../plan/run-plan.js';
import type { OpenPart } from '../execution/run-state.js';
import type { Work } from '../execution/work.js';

/** A running child as its run sees it: the run closes the child at its deadline. */
export class OpenChild implements OpenPart {
  constructor(private readonly child: ChildExecution) {}

  get frame(): ContextFrame {
    return this.child.frame;
  }

  get context(): PipelineContext {
    return this.child.context;
  }

  forceClose(): Work {
    this.child.letters?.drop();
    return closeExecution(this.child.plan, this.child, true);
  }

  giveUp(): void {
    this.child.closing?.giveUp();
  }
}
