import type { ContextFrame } from '../context/context-frame.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { Execution } from './execution.js';
import type { EmissionTurn, OutputReceiver } from './execution.js';
import type { Plan } from './plan.js';
import { closeExecution } from './run-plan.js';
import type { OpenPart } from './run-state.js';
import type { Work } from './work.js';

/** What follows an item through its child, where anything does. */
export class ItemLink {
  /** Follows the item in the child; undefined where the child's lineage is not inherited. */
  readonly inner: ItemTrace | undefined;
  readonly hopsBefore: number;

  constructor(
    /** Follows the item in the parent. */
    readonly trace: ItemTrace | undefined,
    /** Lets outputs leave in the item's turn. */
    readonly turn: EmissionTurn | undefined,
    child: ContextFrame,
  ) {
    this.inner = child.services.lineageSink === undefined ? undefined : trace?.descend();
    this.hopsBefore = trace?.hops.length ?? 0;
  }
}

/** One execution of a composite's sub-pipeline: one try of one item of the parent. */
export class ChildExecution extends Execution implements OpenPart {
  constructor(
    readonly plan: Plan,
    readonly parent: Execution,
    frame: ContextFrame,
    receiver: OutputReceiver,
    readonly link: ItemLink | undefined,
  ) {
    super(parent.run, frame, receiver, plan.states);
  }

  override get around(): Execution {
    return this.parent;
  }

  /** Closes it without waiting for nodes any longer: the run is given up. */
  forceClose(): Work {
    return closeExecution(this.plan, this, true);
  }

  giveUp(): void {
    this.closing?.giveUp();
  }
}
