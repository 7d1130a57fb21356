import type { ContextFrame } from '../context/context-frame.js';
import type { PipelineError } from '../errors/pipeline-error.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { Execution } from './execution.js';
import type { EmissionTurn, OutputReceiver } from './execution.js';
import { HeldLetters } from './held-letters.js';
import type { LetterHolder, WaitingLetter } from './held-letters.js';
import type { Plan } from './plan.js';
import { closeExecution } from './run-plan.js';
import type { OpenPart } from './run-state.js';
import type { Work } from './work.js';

/** Joins an item to its child: made where the item is traced, has a turn, or is not the child's own item. */
export class ItemLink {
  /** Follows the item in the child; undefined where the child's lineage is not inherited. */
  readonly inner: ItemTrace | undefined;
  readonly hopsBefore: number;

  constructor(
    /** The item as the composite got it. */
    readonly item: unknown,
    /** The item as the child gets it. */
    readonly input: unknown,
    child: ContextFrame,
    /** Follows the item in the parent. */
    readonly trace: ItemTrace | undefined,
    /** Lets outputs leave in the item's turn. */
    readonly turn: EmissionTurn | undefined,
  ) {
    this.inner = child.services.lineageSink === undefined ? undefined : trace?.descend();
    this.hopsBefore = trace?.hops.length ?? 0;
  }
}

/** One execution of a composite's sub-pipeline: one try of one item of the parent. */
export class ChildExecution extends Execution implements OpenPart, LetterHolder {
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

  override get repeatableTry(): LetterHolder | undefined {
    return this.receiver?.mayRepeat === true ? this : this.parent.repeatableTry;
  }

  /** Keeps a dead letter until this try counts; one of a try that nobody waits for any longer is given up. */
  hold(letter: WaitingLetter): PipelineError | undefined {
    if (!this.isDetached) return (this.letters ??= new HeldLetters(this.frame.path)).hold(letter);
    letter.giveUp();
    return undefined;
  }

  override detach(): void {
    super.detach();
    this.letters?.drop();
  }

  /** Closes it without waiting for nodes any longer: the run is given up. */
  forceClose(): Work {
    this.letters?.drop();
    return closeExecution(this.plan, this, true);
  }

  giveUp(): void {
    this.closing?.giveUp();
  }
}
