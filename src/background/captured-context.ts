import { captureAmbient, currentContext } from '../context/ambient-context.js';
import type { ContextHolder } from '../context/ambient-context.js';
import { CapturedFrame } from '../context/captured-frame.js';
import { frameOf, viewOf } from '../context/pipeline-context.js';
import type { PipelineContext } from '../context/pipeline-context.js';
import { invalidOption } from '../errors/option-rules.js';
import { iterateWithin } from './iterate-within.js';

/**
 * What was current when it was captured: the context, copied, and all other async-local state.
 *
 * The copy has the run's ids, dictionaries and services, but nothing of its end: neither cancel nor deadline reach
 * it, nothing can be registered on it for disposal, and it keeps no run alive.
 */
export class CapturedContext {
  /** The copy that {@link run} makes current; undefined where no context was. */
  readonly context: PipelineContext | undefined;
  readonly #holder: ContextHolder | undefined;
  /** All other async-local state. */
  readonly #others = captureAmbient(undefined);

  /** @hidden */
  constructor() {
    const current = currentContext();
    if (current !== undefined) {
      const frame = new CapturedFrame(frameOf(current));
      this.#holder = { context: viewOf(frame, current.currentNodeId) };
      frame.scope.dispatchThrough((announce) => {
        this.run(announce);
      });
    }
    this.context = this.#holder?.context;
  }

  /**
   * Calls a function in what was captured, as often as you like; gives what it returns.
   *
   * It, and all that it awaits, see that state, such as the active OpenTelemetry span, and nothing of what is
   * current where this is called: where no context was captured, they see none.
   */
  run<T>(fn: () => T): T {
    if (typeof fn !== 'function') throw invalidOption('run', 'a function was expected');
    // Each call gets a state of its own: what it enters there for good, the next call does not see.
    return this.#others(captureAmbient, this.#holder)(fn);
  }

  /**
   * Gives the same items, each step of the iteration in what was captured, whoever iterates and wherever.
   *
   * A generator sees the context of whoever pulls it: handed out of the code that made it, it would read under the
   * wrong one. Asynchronous iterables stay asynchronous, and what can be iterated once can be so here.
   *
   * @throws {@link PipelineError} `OPTION_INVALID` for what cannot be iterated.
   */
  iterate<T>(iterable: AsyncIterable<T>): AsyncIterable<T>;
  iterate<T>(iterable: Iterable<T>): Iterable<T>;
  iterate(iterable: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<unknown> | Iterable<unknown> {
    return iterateWithin(iterable, (step) => this.run(step));
  }
}

/**
 * Copies what is current here, for work that is done later or elsewhere.
 *
 * @example
 * {@includeCode ../../examples/api/capture-context.ts}
 */
export function captureContext(): CapturedContext {
  return new CapturedContext();
}
