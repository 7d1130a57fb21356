import { runInContext } from '../../context/ambient-context.js';
import type { ContextHolder } from '../../context/ambient-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { RootContext } from '../../context/root-context.js';
import type { RunLineage } from '../../lineage/run-lineage.js';
import type { Clock } from '../../ports/clock.js';
import { Audience } from '../../observability/audience.js';
import type { ExecutionObserver, Outcome } from '../../ports/execution-observer.js';
import type { PipelineError } from '../../errors/pipeline-error.js';
import { Counts } from './counts.js';
import type { EndDeadline } from './end-deadline.js';
import { FailureList } from './failures.js';
import type { RunFailures } from './failures.js';
import { Lingering } from './lingering.js';
import { openLineage } from './open-lineage.js';
import type { LostItems } from './losses.js';
import type { NodeSupply } from './node-supply.js';
import type { PathLedger } from './path-ledger.js';
import { RunReadings } from './run-readings.js';
import type { RunLeaks } from '../leaks/run-leaks.js';
import type { StageSite } from './stage-site.js';
import { within } from './within.js';
import type { Work } from './work.js';

/** How many timed-out calls of one node may still be under way before it waits for one. */
const MOST_LINGERING = 16;

/** Something outside of items that the run waits for, from time to time. */
export interface Wait {
  readonly path: string;
  isWaiting: boolean;
  end(): void;
}

/** Something that is open in a run: an execution, or what one of its nodes has opened. */
export interface OpenPart extends ContextHolder {
  readonly frame: ContextFrame;
  /** Closes it without waiting for nodes any longer. */
  forceClose(): Work;
  /** Ends its closing, whatever still hangs. */
  giveUp(): void;
}

/** The writing of a run to one stream. */
export interface Writing {
  /** The first node of the run that the stream was given to. */
  readonly site: StageSite;
  /** Ends the writing; rejects where the stream has not taken all. */
  close(outcome: Outcome, reason: unknown): Promise<void>;
}

/** What all executions of one run share. */
export class RunState {
  readonly #open = new Set<OpenPart>();
  readonly #lookers = new Set<() => void>();
  /** The paths of what was given up because it did not answer. */
  readonly abandoned = new Set<string>();
  /** Nodes with lifetime `run`, by path. */
  readonly sharedNodes = new Map<string, unknown>();
  /** True once the observer has been told the end of the run: nothing is told afterwards. */
  isTold = false;
  /** What the run writes to streams, by stream; made when first needed. */
  written: Map<object, Writing> | undefined;
  readonly #waits = new Set<Wait>();
  readonly counts: Counts;
  readonly #ledger: PathLedger;
  /** Calls that have outlived their limit, by the path of their node. */
  readonly #lingering = new Map<string, Lingering>();
  readonly #clock: Clock;
  /** Who hears the events of its root execution. */
  readonly audience: Audience | undefined;
  /** Who hears the events of the executions below it. */
  readonly audienceBelow: Audience | undefined;
  /** Whether the executions below it, and the children that start them, are followed from start to end. */
  readonly followsBelow: boolean;
  /** Whether observers want something active while code of nodes runs. */
  readonly hasScopes: boolean;
  /** Whether something is told of its executions below: that they start and end, or how long they take. */
  readonly isWatchedBelow: boolean;
  /** What is read off the run from time to time; undefined where nobody hears it. */
  readonly readings: RunReadings | undefined;
  /** Who gets the records of its items; undefined if nobody keeps lineage. */
  readonly lineage: RunLineage | undefined;
  /** Made when something fails. */
  #failures: FailureList | undefined;

  constructor(
    ledger: PathLedger,
    readonly container: NodeSupply | undefined,
    /** The context at its top. */
    readonly root: RootContext,
    /** When what still goes on at the run's end is given up. */
    readonly end: EndDeadline,
    /** Sees what executions leave behind, in development mode. */
    readonly leaks?: RunLeaks | undefined,
    /** Hears the events of its root execution, beside the observer of its context. */
    log?: ExecutionObserver,
  ) {
    this.#ledger = ledger;
    this.counts = new Counts(ledger);
    this.#clock = root.frame.scope.clock;
    const { executionObserver } = root.frame.services;
    this.lineage = openLineage(root);
    this.audienceBelow = executionObserver && new Audience([executionObserver]);
    this.audience = log === undefined ? this.audienceBelow : new Audience([executionObserver, log]);
    this.followsBelow = this.audienceBelow?.follows === true;
    this.hasScopes = this.audienceBelow?.givesScopes === true;
    this.readings = RunReadings.of(this.audienceBelow, root.frame, this.counts);
    this.isWatchedBelow = this.followsBelow || this.readings !== undefined;
  }

  /** Notes what no policy has handled, for the result. */
  noteFailure(error: PipelineError, attempts: number): void {
    (this.#failures ??= new FailureList()).note(error, attempts, this.#clock.now());
  }

  /** Notes items that have failed while their execution goes on. */
  noteLosses({ shown, totals }: LostItems): void {
    const failed = shown.filter(({ kind }) => kind === 'failed');
    for (const { error, attempts } of failed) this.noteFailure(error, attempts);
    const more = totals.failed - failed.length;
    if (more > 0) (this.#failures ??= new FailureList()).countMore(more);
  }

  /** What no policy has handled so far. */
  get failures(): RunFailures {
    const { shown, total } = this.#failures ?? { shown: [], total: 0 };
    return Object.freeze({ shown: Object.freeze([...shown]), total });
  }

  /** Keeps something that is open in view until it is released: should the run be given up, it is closed. */
  keep(part: OpenPart): void {
    this.#open.add(part);
  }

  release(part: OpenPart): void {
    this.#open.delete(part);
  }

  /**
   * Closes what is still open without waiting for nodes any longer, each in its own context.
   *
   * The innermost go first, level by level. What hangs on one level takes its share of the time, then those around it
   * are closed all the same.
   */
  async forceClose(): Promise<void> {
    const levels = new Map<number, OpenPart[]>();
    for (const part of this.#open) {
      const depth = depthOf(part);
      levels.set(depth, [...(levels.get(depth) ?? []), part]);
    }
    const innermostFirst = [...levels].sort(([one], [other]) => other - one);
    const levelMs = this.end.tailMs / innermostFirst.length;
    for (const [, parts] of innermostFirst) {
      const closings = parts.map((part) => runInContext(part, () => part.forceClose()));
      const pending = closings.filter((closing) => closing !== undefined);
      if (pending.length > 0) await within(Promise.all(pending), levelMs);
    }
    for (const [, parts] of innermostFirst)
      for (const part of parts)
        runInContext(part, () => {
          part.giveUp();
        });
  }

  /** Asks a source that waits for its next item to look whether anybody still wants one, whenever a stream has been left. */
  onStreamLeft(look: () => void): () => void {
    this.#lookers.add(look);
    return () => {
      this.#lookers.delete(look);
    };
  }

  /** Tells the sources that a stream has been left. */
  streamLeft(): void {
    for (const look of [...this.#lookers]) look();
  }

  /** Notes what is waited for outside of items: a source's next item, an init, a flush. */
  waitAt(path: string, isWaiting = true): Wait {
    const wait: Wait = {
      path,
      isWaiting,
      end: () => {
        this.#waits.delete(wait);
      },
    };
    this.#waits.add(wait);
    return wait;
  }

  /** Keeps a call that has outlived its limit in view; it must not reject. */
  linger(path: string, call: Promise<void>): void {
    let calls = this.#lingering.get(path);
    if (calls === undefined) this.#lingering.set(path, (calls = new Lingering()));
    calls.add(call);
  }

  /** Waits until one more call of a node may be started beside those that linger. */
  roomBeside(path: string): Work {
    const calls = this.#lingering.get(path);
    return calls === undefined || calls.size < MOST_LINGERING ? undefined : calls.one();
  }

  /** The nodes that keep the run waiting: with items in their hands, waited for outside of items, or with calls that linger. */
  busyPaths(): ReadonlySet<string> {
    const busy = new Set<string>();
    for (const { path } of this.counts.waiting()) busy.add(path);
    for (const { isWaiting, path } of this.#waits) if (isWaiting) busy.add(path);
    for (const [path, calls] of this.#lingering) if (calls.size > 0) busy.add(path);
    // Of a composite the nodes in its children are named.
    for (const { path, isComposite } of this.#ledger.entries) if (isComposite) busy.delete(path);
    return busy;
  }
}

function depthOf({ frame }: OpenPart): number {
  let depth = 0;
  for (let above = frame.parent; above !== undefined; above = above.parent) depth += 1;
  return depth;
}
