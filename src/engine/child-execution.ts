import type { ContextFrame } from '../context/context-frame.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { Execution } from './execution.js';
import type { EmissionTurn, OutputReceiver } from './execution.js';
import type { Plan } from './plan.js';

/** One execution of a composite's sub-pipeline: one try of one item of the parent. */
export class ChildExecution extends Execution {
  /** Follows the item in the child; undefined where the child's lineage is not inherited. */
  readonly innerTrace: ItemTrace | undefined;
  readonly hopsBefore: number;
  /** Whether its composite no longer waits for it. */
  isDetached = false;

  constructor(
    readonly plan: Plan,
    readonly parent: Execution,
    frame: ContextFrame,
    receiver: OutputReceiver,
    readonly item: unknown,
    readonly trace: ItemTrace | undefined,
    readonly attempt: number,
    readonly turn: EmissionTurn | undefined,
  ) {
    super(parent.run, frame, receiver, plan.states);
    this.innerTrace = frame.services.lineageSink === undefined ? undefined : trace?.descend();
    this.hopsBefore = trace?.hops.length ?? 0;
  }
}
