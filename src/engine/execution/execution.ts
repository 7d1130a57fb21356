import type { ChildOutputs } from '../../composition/output-cardinality.js';
import type { ContextHolder } from '../../context/ambient-context.js';
import { viewOf } from '../../context/pipeline-context.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import type { ItemTrace } from '../../lineage/item-trace.js';
import type { RunLineage } from '../../lineage/run-lineage.js';
import type { Audience } from '../../observability/audience.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import type { ExecutionEvent, ExecutionEvents, ObservedType } from '../../ports/execution-observer.js';
import { enterExecution } from './active-scopes.js';
import type { ActiveScopes } from './active-scopes.js';
import type { Closing } from './closing-steps.js';
import type { Counts } from './counts.js';
import { wholeNodeFailed } from './engine-errors.js';
import { ExecutionExtras } from './execution-extras.js';
import type { HandledError, HeldCall } from './execution-extras.js';
import { CollectedFailures } from './failures.js';
import { HeldLetters } from './held-letters.js';
import type { LetterHolder, WaitingLetter } from './held-letters.js';
import type { ItemLink } from './item-link.js';
import { Lingering } from './lingering.js';
import { Losses } from './losses.js';
import type { LostItems } from './losses.js';
import type { RunState } from './run-state.js';
import type { StageSite } from './stage-site.js';
import type { ToldEvents, ToldNode } from './told-events.js';
import type { Toleration } from './toleration.js';
import type { Work } from './work.js';

/** Takes what leaves a sub-pipeline: its composite, or the run where it runs alone. */
export interface OutputReceiver {
  /** The number of the node that the sub-pipeline runs for; undefined where it runs alone. */
  readonly ofNode?: number;
  /** Whether the sub-pipeline runs for one item, whose composite decides when it fails. */
  readonly isPerItem?: boolean;
  /** Whether it may run a child again: the child's dead letters wait until a try has succeeded. */
  readonly mayRepeat?: boolean;
  /** Whether it wants no more. */
  isClosed(execution: Execution): boolean;
  receive(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work;
}

/** What comes of a node's call. */
export interface CallOutcome {
  /** What a call that gave a value leads to: what to emit, or a promise of it that never rejects. */
  done(execution: Execution, result: unknown, trace: ItemTrace | undefined, attempt: number): unknown;
  /** What a call that threw leads to. */
  thrown(
    execution: Execution,
    item: unknown,
    trace: ItemTrace | undefined,
    thrown: unknown,
    attempt: number,
  ): unknown;
}

/** The turn of one item, where several items of one node are under way. */
export interface EmissionTurn {
  /** Hands on an output of a composite's child when it is the item's turn; one whose child has stopped first is dropped. */
  send(child: Execution, emit: () => Work): Work;
  /** Takes over the promise that a node's call gave; gives what tells the caller so. */
  awaitCall(call: CallOutcome, pending: PromiseLike<unknown>): unknown;
}

/** What an execution must know of the plan that it runs. */
export interface ExecutedPlan {
  /** Judges the items that are lost; undefined for a pipeline that tolerates none. */
  readonly toleration: Toleration | undefined;
  /** True if the pipeline, or one around it, tolerates lost items: they are counted then. */
  readonly isTolerated: boolean;
  /** Initial {@link Execution.states}; nodes shared by all executions are already in their slots. */
  readonly states: readonly unknown[];
}

/**
 * One execution of a plan in its context; all that changes while it runs. A composite makes one for every item: one
 * class without a base, since the compiler makes nothing of a derived one at the place where it is needed.
 */
export class Execution<TPlan extends ExecutedPlan = ExecutedPlan>
  implements ChildOutputs, ContextHolder, LetterHolder
{
  /** The error that ended it. */
  failure: PipelineError | undefined;
  /** What has left it, as far as its receiver keeps it. */
  count = 0;
  kept: unknown = undefined;
  /** What the observer has been told of it; undefined before its start, and where nobody listens. */
  told: ToldEvents<ToldNode, Execution> | undefined = undefined;
  /** What its nodes count: with those of the whole run, where it need not be read apart. */
  counts: Counts;
  #extras: ExecutionExtras | undefined;
  #states: unknown[] | undefined;

  constructor(
    readonly run: RunState,
    readonly frame: ContextFrame,
    readonly receiver: OutputReceiver | undefined,
    readonly plan: TPlan,
    /** The execution around this one; undefined at the top of a run. */
    readonly parent?: Execution,
    /** Joins a child to its item, where there is more than the item. */
    readonly link?: ItemLink<EmissionTurn>,
  ) {
    this.counts = (parent ?? run).counts;
  }

  /** What its nodes keep for this execution: instances, context views, queues. Made when it is first asked for. */
  get states(): unknown[] {
    return (this.#states ??= this.plan.states.slice());
  }

  /** The context of the execution as a whole: what `currentContext()` shows. */
  get context(): PipelineContext {
    return (Execution.#extrasOf(this).context ??= Execution.#makeContext(this));
  }

  static #makeContext(execution: Execution): PipelineContext {
    const { frame, run } = execution;
    // The run's own is known before it is executed.
    const context = frame === run.root.frame ? run.root.context : viewOf(frame);
    run.leaks?.shown(execution, context);
    return context;
  }

  /** Who hears its events. */
  get audience(): Audience | undefined {
    if (this.parent === undefined) return this.run.audience;
    return this.frame.services.executionObserver === undefined ? undefined : this.run.audienceBelow;
  }

  /** Whether its children are followed from start to end. */
  get followsChildren(): boolean {
    return this.run.followsBelow && this.told !== undefined;
  }

  /** Whether somebody hears its events of a type. */
  hears(type: ObservedType): boolean {
    return this.audience?.hears(type) === true;
  }

  /** The lineage of the run; undefined if its items are not followed. */
  get lineage(): RunLineage | undefined {
    return this.frame.services.lineage && this.run.lineage;
  }

  /** The child for one item that it is or stands in; undefined where there is none. */
  get itemChild(): Execution | undefined {
    return this.receiver?.isPerItem === true ? this : this.parent?.itemChild;
  }

  get scope(): CancelScope {
    return this.frame.scope;
  }

  /** Whether no further item starts: it has failed, or its scope has ended. */
  get isHalted(): boolean {
    return this.failure !== undefined || this.frame.scope.reason !== undefined;
  }

  /** Whether it has not ended early, and nothing was noted of it beside its items. */
  get isUntouched(): boolean {
    return this.#extras === undefined && !this.isHalted;
  }

  /** The node that failed. */
  get failedStage(): StageSite | undefined {
    return this.#extras?.failedStage;
  }

  /** The context where it failed. */
  get failedFrame(): ContextFrame | undefined {
    return this.#extras?.failedFrame;
  }

  /** Whether no policy may handle the failure. */
  get isFatal(): boolean {
    return this.#extras?.isFatal === true;
  }

  /** The latest error that made a policy skip or dead-letter an item; undefined where none did. */
  get handledError(): HandledError | undefined {
    return this.#extras?.handled;
  }

  /** Whether a policy skipped or dead-lettered an item. */
  get isHandled(): boolean {
    return this.handledError !== undefined;
  }

  /** Notes that a policy skipped or dead-lettered an item, here or in a child. */
  handled(error: HandledError | undefined): void {
    if (error !== undefined) Execution.#extrasOf(this).handled = error;
  }

  /** True if it has lost items while it goes on, which must be judged at its end. */
  get hasLost(): boolean {
    const extras = this.#extras;
    return extras !== undefined && (extras.collected !== undefined || extras.losses !== undefined);
  }

  /** Notes an item that a policy has collected. */
  collect(error: PipelineError, attempts: number): void {
    (Execution.#extrasOf(this).collected ??= new CollectedFailures()).add(() => error);
    if (this.parent === undefined) this.run.noteFailure(error, attempts);
  }

  /** True if an item that fails does not end it: its pipeline tolerates lost items, up to a limit. */
  get tolerates(): boolean {
    return this.plan.toleration !== undefined && !this.hasEnded;
  }

  /**
   * Notes items that are lost, and fails the execution if it tolerates no more.
   *
   * In the executions around they count too: what is lost in the child of an item once that child has succeeded, since
   * the item itself is lost where it fails. See {@link loseAround}.
   *
   * @param node the node that lost them, or the composite in whose child they are lost.
   */
  lose(lost: LostItems, node: number): void {
    const { parent, plan, receiver } = this;
    // Where nobody counts, failed items are told in the result all the same.
    if ((!plan.isTolerated && lost.totals.failed === 0) || this.isDetached) return;
    const isHeld = receiver?.isPerItem === true;
    if (isHeld || plan.toleration !== undefined)
      (Execution.#extrasOf(this).losses ??= new Losses()).add(lost, node);
    if (parent === undefined) this.run.noteLosses(lost);
    if (plan.toleration?.counts(lost) === true) Execution.#judge(this, false);
    if (!isHeld && !this.hasEnded) parent?.lose(lost, receiver?.ofNode ?? -1);
  }

  /** Notes in the execution around what the child of an item has lost, now that the child has succeeded. */
  loseAround(): void {
    const losses = this.#extras?.losses;
    if (losses !== undefined) this.parent?.lose(losses, this.receiver?.ofNode ?? -1);
  }

  /** Fails the execution if it has lost too many items, once all of them have ended. */
  failByLosses(): void {
    const collected = this.#extras?.collected;
    if (collected !== undefined && !this.hasEnded)
      Execution.#end(this, collected.error(this.frame.path), undefined, false, this.frame);
    Execution.#judge(this, true);
  }

  static #judge(execution: Execution, isLast: boolean): void {
    const { counts, frame, parent, plan, run } = execution;
    const { toleration } = plan;
    const losses = execution.#extras?.losses;
    if (toleration === undefined || losses === undefined || execution.hasEnded) return;
    const error = toleration.problem(frame.path, losses, counts, isLast);
    if (error === undefined) return;
    // Failed items are in the run's failures by themselves; items that a policy has left out are not.
    const hasHandled = losses.count(toleration.tolerance.counts) > losses.totals.failed;
    if (parent === undefined && hasHandled) run.noteFailure(error, 1);
    Execution.#end(execution, error, undefined, false, frame);
  }

  /** Has its nodes, and those below it, counted apart until it is closed. */
  countApart(): void {
    this.counts = this.counts.apart();
    Execution.#extrasOf(this).isCountedApart = true;
  }

  /** Calls of its nodes, and of those below it, that have outlived their limit; undefined where none has. */
  get lingering(): Lingering | undefined {
    return this.#extras?.lingering;
  }

  /**
   * Notes a call that goes on after its item: nothing that it may use is disposed before it has ended.
   *
   * @param call must not reject.
   * @param path the node to name if the call never ends; undefined where those below it are named.
   */
  linger(call: Promise<void>, path?: string): void {
    if (path !== undefined) this.run.linger(path, call);
    (Execution.#extrasOf(this).lingering ??= new Lingering()).add(call);
    this.parent?.linger(call);
  }

  /** Notes a call that holds a place outside of this execution. */
  holdPlace(call: HeldCall): void {
    (Execution.#extrasOf(this).held ??= new Set()).add(call);
  }

  /** Notes that a call has given its place back. */
  leavePlace(call: HeldCall): void {
    this.#extras?.held?.delete(call);
  }

  /** Has all calls that still hold a place give it back: nobody waits for them any more. */
  leaveAllPlaces(): void {
    const held = this.#extras?.held;
    if (held !== undefined) for (const call of held) call.cancelled();
  }

  /** True once the composite has stopped waiting for this child, after a limit: late outputs are dropped. */
  get isDetached(): boolean {
    return this.#extras?.isDetached === true;
  }

  /** Notes that the composite no longer waits for this child. */
  detach(): void {
    Execution.#extrasOf(this).isDetached = true;
    this.letters?.drop();
  }

  /** Its end, once that is under way and takes more than one step. */
  get closing(): Closing | undefined {
    return this.#extras?.closing;
  }

  set closing(closing: Closing | undefined) {
    Execution.#extrasOf(this).closing = closing;
  }

  /** The innermost try around, or this one, that may be repeated; undefined where nothing here is ever undone. */
  get repeatableTry(): LetterHolder | undefined {
    if (this.parent === undefined) return undefined;
    return this.receiver?.mayRepeat === true ? this : this.parent.repeatableTry;
  }

  /** Keeps a dead letter until this try counts; one of a try that nobody waits for any longer is given up. */
  hold(letter: WaitingLetter): PipelineError | undefined {
    if (!this.isDetached) return (this.letters ??= new HeldLetters(this.frame.path)).hold(letter);
    letter.giveUp();
    return undefined;
  }

  /** The dead letters that wait until this try counts. */
  get letters(): HeldLetters | undefined {
    return this.#extras?.letters;
  }

  set letters(letters: HeldLetters | undefined) {
    Execution.#extrasOf(this).letters = letters;
  }

  /** Ends the execution by a failure; the first end wins. */
  fail(
    error: PipelineError,
    stage: StageSite | undefined,
    isFatal = false,
    frame: ContextFrame = this.frame,
    attempts = 1,
  ): void {
    this.frame.scope.budget.endBy(error.cause);
    if (this.hasEnded) {
      // A node that hears of a cancel fails by that: nothing is to be told.
      if (this.frame.scope.reason === undefined) Execution.#reportLate(this, error, attempts);
      return;
    }
    // What fails a child is the matter of its composite's policy.
    if (this.parent === undefined) this.run.noteFailure(error, attempts);
    Execution.#end(this, error, stage, isFatal, frame);
  }

  static #end(
    execution: Execution,
    error: PipelineError,
    stage: StageSite | undefined,
    isFatal: boolean,
    frame: ContextFrame,
  ): void {
    execution.failure = error;
    const extras = Execution.#extrasOf(execution);
    extras.failedStage = stage;
    extras.failedFrame = frame;
    extras.isFatal = isFatal;
    for (const stop of [...(extras.stops ?? [])]) stop();
    execution.frame.abort();
  }

  /** Fails the execution by what a timer of one of its nodes has thrown. */
  timerThrew(thrown: unknown, path: string): void {
    this.fail(wholeNodeFailed(path, thrown, 'failed in a timer', this.frame), undefined);
  }

  /** Whether it has ended in one way or another: the first end wins. */
  get hasEnded(): boolean {
    return this.isHalted || this.#extras?.isSettled === true;
  }

  /** Ends the execution by what failed while it was closed; after another end that is a line of the run's log. */
  failClosing(error: PipelineError, stage: StageSite | undefined): void {
    if (this.hasEnded) Execution.#reportLate(this, error);
    else this.fail(error, stage);
  }

  static #reportLate({ frame, run }: Execution, error: PipelineError, attempts = 1): void {
    const { path, code } = error;
    run.noteFailure(error, attempts);
    frame.report('error', { error, path, code }, 'a node failed after its execution had ended');
  }

  /** Nothing changes any more how it ended. */
  settle(): void {
    Execution.#extrasOf(this).isSettled = true;
  }

  /** Notes that it has been closed: nothing of the engine's own waits for its end any more. */
  closed(): void {
    // Every child ends here: nearly none has watched for anything, or holds a place.
    const extras = this.#extras;
    if (extras !== undefined) {
      if (extras.watches !== undefined) for (const unwatch of extras.watches) unwatch();
      // A call that has outlived its limit keeps its place until the disposal is done.
      if (extras.lingering === undefined) this.leaveAllPlaces();
      if (extras.isCountedApart) this.counts.handOn((this.parent ?? this.run).counts);
    }
    this.frame.closeScope();
  }

  /**
   * Calls back once when the execution fails or its scope ends, at once where that has happened; gives the function
   * that stops watching.
   */
  onStop(stop: () => void): () => void {
    const extras = Execution.#extrasOf(this);
    const stops = (extras.stops ??= new Set());
    const watches = (extras.watches ??= new Set());
    let isDone = false;
    // The code that ends it may be anybody's: what follows happens in the context of this execution.
    const once = (): void => {
      if (isDone) return;
      isDone = true;
      enterExecution(this, stop);
    };
    stops.add(once);
    const unwatch = this.frame.scope.watch(once);
    watches.add(unwatch);
    if (this.isHalted) once();
    return () => {
      isDone = true;
      stops.delete(once);
      watches.delete(unwatch);
      unwatch();
    };
  }

  /** What observers want active while its code runs; undefined where there is nothing of its own. */
  get scopes(): ActiveScopes | undefined {
    return this.#extras?.scopes;
  }

  set scopes(scopes: ActiveScopes | undefined) {
    Execution.#extrasOf(this).scopes = scopes;
  }

  /**
   * Tells an event that few items bring about, with secrets redacted; nothing after the end of the run.
   *
   * @param nodeId the node that an event is about.
   */
  notify<TType extends keyof ExecutionEvents>(
    type: TType,
    path: string,
    fields: EventFields<TType>,
    nodeId?: string,
  ): void {
    const { audience, frame, run } = this;
    if (audience?.hears(type) !== true || run.isTold) return;
    // Where executions are followed, one whose start was not told is nobody's.
    if (this.told === undefined && (this.parent === undefined ? audience.follows : run.followsBelow)) return;
    const { pipelineId, identity, services } = frame;
    const runId = identity.get('runId');
    const tenantId = identity.get('tenantId');
    const parentPipelineId = frame.parent?.pipelineId;
    const at = frame.scope.clock.now();
    const said = services.run.redactor.data(fields);
    // Written twice, as one more spread would cost as much as all the rest.
    const event =
      nodeId === undefined
        ? { type, path, runId, pipelineId, at, tenantId, parentPipelineId, ...said }
        : { type, path, runId, pipelineId, at, tenantId, parentPipelineId, nodeId, ...said };
    audience.tell(Object.freeze(event), frame);
  }

  // Static, as a private method would cost every instance a mark.
  static #extrasOf(execution: Execution): ExecutionExtras {
    return (execution.#extras ??= new ExecutionExtras());
  }
}

/** What an event says beside what all events, and all events of nodes, say. */
export type EventFields<TType extends keyof ExecutionEvents> = Omit<
  ExecutionEvents[TType],
  keyof ExecutionEvent | 'nodeId'
>;
