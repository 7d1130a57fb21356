import { runOutside } from '../../context/ambient-context.js';
import type { ContextFrame } from '../../context/context-frame.js';
import type { PipelineContext } from '../../context/pipeline-context.js';
import type { RootContext } from '../../context/root-context.js';
import { silentLogger } from '../../ports/logger.js';
import { StackLines } from './stack-lines.js';

/** Kinds of things that can outlive the execution that started them. */
export type LeakKind = 'timer' | 'listener' | 'ambient';

const messages: Readonly<Record<LeakKind, readonly [problem: string, remedy: string]>> = {
  timer: [
    'A timer outlives the execution that started it',
    'Clear it, unref it, or start it with runDetached',
  ],
  listener: [
    'A listener on context.signal outlives the execution that added it',
    'Remove it when the work is done',
  ],
  ambient: [
    'The current context was asked for after its execution had ended',
    'Await what a node starts, or start it with captureContext or runDetached',
  ],
};

/** A timer or listener that an execution has started. */
export interface Leftover {
  readonly kind: LeakKind;
  /** True while the timer or listener is active. */
  isOpen(): boolean;
  /** Stack line of user code that started it; undefined if no user code is to blame. */
  line(): string | undefined;
}

/** The timers and listeners that one execution has started. */
class Trail {
  readonly #started = new Set<Leftover>();
  #count = 0;

  add(leftover: Leftover): void {
    this.#count += 1;
    // Most timers and listeners of a long execution end by themselves; 10,000 open ones are enough to find their places.
    if (this.#count % 1_000 === 0)
      for (const started of this.#started) if (!started.isOpen()) this.#started.delete(started);
    if (this.#started.size < 10_000) this.#started.add(leftover);
  }

  get open(): readonly Leftover[] {
    return [...this.#started].filter((started) => started.isOpen());
  }
}

/** Development mode: reports leaks of the executions of one run, once per path and place in the code. */
export class RunLeaks {
  readonly #root: RootContext;
  readonly #release: () => void;
  readonly #trails = new Map<ContextFrame, Trail>();
  /** Executions that are sending their end event. Observers called by this event are still inside the execution. */
  readonly #ending = new Set<ContextFrame>();
  /** Ended executions, checked one turn of the event loop later, so that code may still clean up. */
  readonly #ended = new Set<ContextFrame>();
  readonly #told = new Set<string>();
  #hasEnded = false;

  /** @param release is called at the end of the run. */
  constructor(root: RootContext, release: () => void) {
    this.#root = root;
    this.#release = release;
    this.shown(root, root.context);
  }

  /** True if an execution has ended; the root execution ends with its run. */
  isOver(frame: ContextFrame): boolean {
    return this.#hasEnded || (frame !== this.#root.frame && frame.isDisposed && !this.#ending.has(frame));
  }

  /** Records a timer or listener that an execution has started. */
  note(frame: ContextFrame, leftover: Leftover): void {
    let trail = this.#trails.get(frame);
    if (trail === undefined) {
      trail = new Trail();
      this.#trails.set(frame, trail);
      if (this.isOver(frame)) this.#lookLater(frame);
      // An execution without disposers ends without calling `end`; an empty disposer makes it do so.
      else if (!frame.isDisposed) frame.addDisposer(() => undefined);
    }
    trail.add(leftover);
  }

  /** Replaces a holder's `context` by a getter that reports each read after the execution's end. */
  shown(holder: { readonly frame: ContextFrame }, context: PipelineContext): void {
    const { frame } = holder;
    const get = (): PipelineContext => {
      if (this.isOver(frame)) this.#tell('ambient', frame, new StackLines(get).user);
      return context;
    };
    Object.defineProperty(holder, 'context', { get, configurable: true });
    get();
  }

  /** Sends an execution's end event; observers called by it still count as inside the execution. */
  end(frame: ContextFrame, tell: () => void): void {
    this.#ending.add(frame);
    tell();
    this.#ending.delete(frame);
    if (this.#trails.has(frame) && this.isOver(frame)) this.#lookLater(frame);
  }

  /** Reports what is left of the whole run, one turn of the event loop later. */
  async endRun(): Promise<void> {
    this.#hasEnded = true;
    if (this.#trails.size > 0)
      await new Promise<void>((resolve) => {
        this.#nextTurn(() => {
          this.#look(this.#trails.keys());
          resolve();
        });
      });
    this.#release();
  }

  #lookLater(frame: ContextFrame): void {
    this.#ended.add(frame);
    if (this.#ended.size > 1) return;
    this.#nextTurn(() => {
      this.#look(this.#ended);
      this.#ended.clear();
    });
  }

  #nextTurn(look: () => void): void {
    runOutside(setImmediate, look);
  }

  #look(ended: Iterable<ContextFrame>): void {
    for (const frame of ended) {
      const open = this.#trails.get(frame)?.open ?? [];
      this.#trails.delete(frame);
      for (const leftover of open) {
        const line = leftover.line();
        if (line !== undefined) this.#tell(leftover.kind, frame, line);
      }
    }
  }

  #tell(kind: LeakKind, frame: ContextFrame, line = 'unknown'): void {
    const { path, services } = frame;
    const key = `${kind} ${path} ${line}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const [problem, remedy] = messages[kind];
    const message = `${problem}: ${path}, ${line}. ${remedy}.`;
    // Outside of the context, so that a timer started by the logger does not count as the execution's.
    runOutside(() => {
      if (services.logger !== silentLogger) frame.report('warn', { kind, startedAt: line }, message);
      else {
        process.emitWarning(services.run.redactor.text(message), {
          type: 'HeirlineLeakWarning',
          code: `HEIRLINE_LEAK_${kind.toUpperCase()}`,
        });
      }
    });
  }
}
