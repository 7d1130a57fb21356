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

/** Where somebody stands in a run. */
interface Place {
  readonly leaks: RunLeaks;
  readonly frame: ContextFrame;
}

/** Development mode: sees what the runs of one runner start. It watches only while one of them is under way. */
export class LeakDetector {
  /** By the frame at the top. */
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

  /** Watches a run, until that is told its end. */
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

  /** Replaces two methods of a signal that the run has made. */
  #watchListeners(signal: AbortSignal, scope: CancelScope): void {
    const heard = new Map<unknown, Listening>();
    const add: Listen = signal.addEventListener.bind(signal);
    const remove: Listen = signal.removeEventListener.bind(signal);
    const addEventListener: Listen = (type, listener, options) => {
      add(type, listener, options);
      const place = this.#placeOf(currentHolder());
      // The signal of one item ends before the execution does.
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

/** Both adds a listener and removes one. */
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

  /** Notes it, if its execution has ended. */
  fires(): void {
    // An immediate that fires has no reference any more.
    if (this.#isImmediate || this.timer.hasRef()) this.#isLate ||= this.place.leaks.isOver(this.place.frame);
  }

  /** One without reference holds nothing up: of a pool of connections, say. */
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
  /** What `onabort` is, if that is the listener: to set it again removes nothing. */
  readonly #handler: unknown;

  constructor(
    private readonly signal: AbortSignal,
    private readonly listener: object,
    private readonly stack: StackLines,
  ) {
    this.#handler = Reflect.get(listener, 'handler');
  }

  /** One that has been called is no burden. */
  isOpen(): boolean {
    const isReplaced = Reflect.get(this.listener, 'handler') !== this.#handler;
    return !this.isRemoved && !isReplaced && !this.signal.aborted;
  }

  line(): string | undefined {
    return this.stack.listener;
  }
}

/** Another copy of the library may be current: its frames are not ours. */
function frameBehind(holder: ContextHolder): ContextFrame | undefined {
  if ('frame' in holder) return isInstanceOf(holder.frame, ContextFrame) ? holder.frame : undefined;
  return isInstanceOf(holder.context, PipelineContext) ? frameOf(holder.context) : undefined;
}

/** Whether an execution ends together with a scope, or within it. */
function isWithin({ frame }: Place, scope: CancelScope): boolean {
  let around: CancelScope | undefined = frame.scope;
  while (around !== undefined && around !== scope) around = around.parent;
  return around !== undefined;
}
