import { isInstanceOf } from '../../data/foreign-value.js';
import { currentHolder, timerWatch } from '../../context/ambient-context.js';
import type { AnyTimer, ContextHolder } from '../../context/ambient-context.js';
import { ContextFrame } from '../../context/context-frame.js';
import { PipelineContext, frameOf } from '../../context/pipeline-context.js';
import type { RootContext } from '../../context/root-context.js';
import type { CancelScope } from '../../run/ending/cancel-scope.js';
import { RunLeaks } from './run-leaks.js';
import type { Leftover } from './run-leaks.js';
import { StackLines } from './stack-lines.js';

/** The execution that the current code belongs to, and the leaks of its run. */
interface Place {
  readonly leaks: RunLeaks;
  readonly frame: ContextFrame;
}

/** Development mode: records timers and listeners that the runs of one runner start. Active only during a run. */
export class LeakDetector {
  /** Keyed by the frame of the root context. */
  readonly #runs = new Map<ContextFrame, RunLeaks>();
  readonly #timers = new WeakMap<object, StartedTimer>();
  readonly #watch = timerWatch({
    made: (timer, holder) => {
      const place = this.#placeOf(holder);
      if (place === undefined) return;
      const started = new StartedTimer(timer, place);
      this.#timers.set(timer, started);
      place.leaks.note(place.frame, started);
    },
    fires: (resource) => this.#timers.get(resource)?.fires(),
  });

  /** Watches a run until `RunLeaks.endRun` is called. */
  open(root: RootContext): RunLeaks {
    const { frame } = root;
    const leaks = new RunLeaks(root, () => {
      this.#runs.delete(frame);
      if (this.#runs.size === 0) this.#watch.disable();
    });
    this.#runs.set(frame, leaks);
    this.#watch.enable();
    frame.scope.tellSignals((signal, scope) => {
      this.#watchListeners(signal, scope);
    });
    return leaks;
  }

  #placeOf(holder: ContextHolder | undefined): Place | undefined {
    const frame = holder && frameBehind(holder);
    let top = frame;
    while (top?.parent !== undefined) top = top.parent;
    const leaks = top && this.#runs.get(top);
    return frame && leaks && { leaks, frame };
  }

  /** Replaces `addEventListener` and `removeEventListener` of a signal that the run has made. */
  #watchListeners(signal: AbortSignal, scope: CancelScope): void {
    const heard = new Map<unknown, Listening>();
    const add: Listen = signal.addEventListener.bind(signal);
    const remove: Listen = signal.removeEventListener.bind(signal);
    const addEventListener: Listen = (type, listener, options) => {
      add(type, listener, options);
      const place = this.#placeOf(currentHolder());
      // A listener on an item's own signal is no leak of an execution around it: that signal ends first.
      if (place === undefined || type !== 'abort' || heard.has(listener) || !isWithin(place, scope)) return;
      if (typeof options === 'object' && options.signal?.aborted === true) return;
      const listening = new Listening(signal, listener, new StackLines(addEventListener));
      heard.set(listener, listening);
      place.leaks.note(place.frame, listening);
    };
    const removeEventListener: Listen = (type, listener, options) => {
      remove(type, listener, options);
      const listening = type === 'abort' ? heard.get(listener) : undefined;
      if (listening === undefined) return;
      listening.isRemoved = true;
      heard.delete(listener);
    };
    Object.assign(signal, { addEventListener, removeEventListener });
  }
}

/** Type of both methods: adding and removing a listener. */
type Listen = AbortSignal['addEventListener'];

/** A timer made in an execution. */
class StartedTimer implements Leftover {
  readonly kind = 'timer';
  readonly #stack = new StackLines();
  #isLate = false;

  constructor(
    private readonly timer: AnyTimer,
    private readonly place: Place,
  ) {}

  /** Called when the timer fires: a timer that fires after its execution has ended is a leak. */
  fires(): void {
    // `hasRef` of an immediate is false while it fires, so it tells nothing then.
    if (this.#isImmediate || this.timer.hasRef()) this.#isLate ||= this.place.leaks.isOver(this.place.frame);
  }

  /** True for a timer that fired late or is still set. An unref'd timer, of a connection pool say, is no leak. */
  isOpen(): boolean {
    return this.#isLate || (Reflect.get(this.timer, '_destroyed') === false && this.timer.hasRef());
  }

  line(): string | undefined {
    return this.#stack.timer(this.#isImmediate);
  }

  get #isImmediate(): boolean {
    return !('refresh' in this.timer);
  }
}

/** A listener added to a signal in an execution. */
class Listening implements Leftover {
  readonly kind = 'listener';
  isRemoved = false;
  /** The function behind `signal.onabort`; assigning another one replaces it without removing a listener. */
  readonly #handler: unknown;

  constructor(
    private readonly signal: AbortSignal,
    private readonly listener: object,
    private readonly stack: StackLines,
  ) {
    this.#handler = Reflect.get(listener, 'handler');
  }

  /** True until the listener is removed, replaced, or called by the abort. */
  isOpen(): boolean {
    const isReplaced = Reflect.get(this.listener, 'handler') !== this.#handler;
    return !this.isRemoved && !isReplaced && !this.signal.aborted;
  }

  line(): string | undefined {
    return this.stack.listener;
  }
}

/** Returns the frame of a context; undefined for a context made by another loaded copy of the library. */
function frameBehind(holder: ContextHolder): ContextFrame | undefined {
  if ('frame' in holder) return isInstanceOf(holder.frame, ContextFrame) ? holder.frame : undefined;
  return isInstanceOf(holder.context, PipelineContext) ? frameOf(holder.context) : undefined;
}

/** True if an execution's scope is the given scope or lies inside of it. */
function isWithin({ frame }: Place, scope: CancelScope): boolean {
  let around: CancelScope | undefined = frame.scope;
  while (around !== undefined && around !== scope) around = around.parent;
  return around !== undefined;
}
