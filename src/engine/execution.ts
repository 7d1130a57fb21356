import type { ChildOutputs } from '../composition/output-cardinality.js';
import { runInContext } from '../context/ambient-context.js';
import { PipelineContext } from '../context/pipeline-context.js';
import type { ContextFrame } from '../context/context-frame.js';
import type { PipelineError } from '../errors/pipeline-error.js';
import type { ItemTrace } from '../lineage/item-trace.js';
import { notifyObserver } from '../observability/observers.js';
import type { CancelScope } from '../run/cancel-scope.js';
import type { LogMethod } from '../ports/logger.js';
import type { ExecutionEvents, ExecutionObserver, Outcome } from '../ports/execution-observer.js';
import type { Closing } from './closing-steps.js';
import type { RunState } from './run-state.js';
import type { StageSite } from './stage-site.js';
import type { Work } from './work.js';

/** Takes what leaves a sub-pipeline: its composite, or whoever runs it alone. */
export interface OutputReceiver {
  /** Whether it wants no more. */
  isClosed(execution: Execution): boolean;
  receive(execution: Execution, item: unknown, trace: ItemTrace | undefined): Work;
}

/** Lets a composite's child emit in its turn, where several children of one composite run at once. */
export interface EmissionTurn {
  wait(): Work;
}

/** The states of every execution whose nodes keep nothing. */
const NO_STATES: unknown[] = [];

/** One execution of a plan in its context; all that changes while it runs. */
export class Execution implements ChildOutputs {
  /** What its nodes keep for this execution: instances, context views, queues. */
  readonly states: unknown[];
  /** The context of the execution as a whole: what `currentContext()` shows. */
  readonly context: PipelineContext;
  readonly observer: ExecutionObserver | undefined;
  readonly scope: CancelScope;
  /** The error that ended it, with the node that failed and the context where it happened. */
  failure: PipelineError | undefined;
  failedStage: StageSite | undefined;
  failedFrame: ContextFrame | undefined;
  /** Whether no policy may handle the failure. */
  isFatal = false;
  /** Whether a policy skipped or dead-lettered an item. */
  isHandled = false;
  /** Its end, once that is under way. */
  closing: Closing | undefined;
  /** What has left it, as far as its receiver keeps it. */
  count = 0;
  kept: unknown = undefined;
  #stops: Set<() => void> | undefined;
  #ended: Set<string> | undefined;

  constructor(
    readonly run: RunState,
    readonly frame: ContextFrame,
    readonly receiver: OutputReceiver | undefined,
    /** What its states start with. */
    states: readonly unknown[],
  ) {
    this.states = states.length === 0 ? NO_STATES : states.slice();
    this.context = new PipelineContext(frame);
    this.observer = frame.services.executionObserver;
    this.scope = frame.scope;
  }

  /** Whether no further item starts: it has failed, or its scope has ended. */
  get isHalted(): boolean {
    return this.failure !== undefined || this.scope.reason !== undefined;
  }

  /** Ends the execution by a failure; the first end wins. */
  fail(
    error: PipelineError,
    stage: StageSite | undefined,
    isFatal = false,
    frame: ContextFrame = this.frame,
  ): void {
    if (this.isHalted) {
      if (this.frame.scope.reason === undefined) {
        this.frame.services.report(
          'error',
          { error, path: error.path },
          'a node failed after its execution had failed',
        );
      }
      return;
    }
    this.failure = error;
    this.failedStage = stage;
    this.failedFrame = frame;
    this.isFatal = isFatal;
    for (const stop of [...(this.#stops ?? [])]) stop();
    this.frame.abort();
  }

  /** Notes that it has been closed. */
  closed(): void {
    this.frame.closeScope();
  }

  /** Calls back once when the execution fails or its scope ends; gives the function that stops watching. */
  onStop(stop: () => void): () => void {
    const stops = (this.#stops ??= new Set());
    let isDone = false;
    // Whoever ends it: what follows happens in the context of this execution.
    const once = (): void => {
      if (isDone) return;
      isDone = true;
      runInContext(this.context, stop);
    };
    stops.add(once);
    const unwatch = this.frame.scope.watch(once);
    return () => {
      isDone = true;
      stops.delete(once);
      unwatch();
    };
  }

  /** The one place that makes events. Call it only where `observer` is there: nobody listening costs nothing. */
  notify<TType extends keyof ExecutionEvents>(type: TType, path: string, fields: EventFields<TType>): void {
    if (this.observer === undefined) return;
    const { identity, pipelineId, services } = this.frame;
    const warn: LogMethod = (line, message) => {
      services.report('warn', line, message);
    };
    const event = Object.freeze({ type, path, runId: identity.runId, pipelineId, at: new Date(), ...fields });
    notifyObserver(this.observer, event, { warn });
  }

  /** Makes the event of a node that has ended, once. Call it, too, only where `observer` is there. */
  notifyCompleted({ id, path }: StageSite, outcome: Outcome): void {
    if (this.#ended?.has(path) === true) return;
    (this.#ended ??= new Set()).add(path);
    this.notify('nodeCompleted', path, { nodeId: id, outcome });
  }
}

/** What an event says beside what all events say. */
export type EventFields<TType extends keyof ExecutionEvents> = Omit<
  ExecutionEvents[TType],
  'type' | 'path' | 'runId' | 'pipelineId' | 'at'
>;
