import { EventEmitter } from 'eventemitter3';
import { checkArgument, rule } from '../errors/option-rules.js';
import { executionEventTypes } from '../ports/execution-observer.js';
import type { ExecutionEvent, ExecutionEvents, ExecutionObserver } from '../ports/execution-observer.js';
import { eventProblem } from '../ports/observer-shape.js';
import { Answers } from './answers.js';

/** Hears the events of one type; what it returns is handled as what an observer's method returns. */
export type EventListener<TType extends keyof ExecutionEvents> = (event: ExecutionEvents[TType]) => unknown;

type AnyListener = (event: never) => unknown;
type GuardedListener = (event: ExecutionEvent, answers: Answers) => void;

/**
 * An observer with listeners that come and go: give it to a runner or a context, and listen.
 *
 * Listeners hear the events of every run that it observes, in order, also when they begin to listen while a run goes on. One
 * that throws or rejects stops neither the others nor the run; what failed is logged as a warning by the run.
 *
 * Readings (`nodeMeasured`, `progress`) are not among its events, as a run makes them only for an observer that has the method.
 *
 * @example
 * {@includeCode ../../examples/api/run-events.ts}
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the methods are made in the constructor
export class RunEvents {
  readonly #emitter = new EventEmitter<keyof ExecutionEvents>();
  /** The function behind each listener: the same for all its events, so that the emitter finds it again. */
  readonly #guarded = new WeakMap<AnyListener, GuardedListener>();

  constructor() {
    for (const type of executionEventTypes) {
      Object.defineProperty(this, type, {
        value: (event: ExecutionEvent) => {
          const answers = new Answers();
          this.#emitter.emit(type, event, answers);
          return answers.joined;
        },
      });
    }
  }

  /**
   * Listens to the events of one type; a listener that is added twice hears each of them twice.
   *
   * @returns a function that ends this, and does nothing when called again.
   * @throws `OPTION_INVALID`, a `PipelineError`, for an event that does not exist, or a listener that is no function.
   */
  on<TType extends keyof ExecutionEvents>(type: TType, listener: EventListener<TType>): () => void {
    return this.#listen('on', type, listener);
  }

  /**
   * Listens to the next event of one type alone.
   *
   * @returns a function that ends this before.
   * @throws `OPTION_INVALID`, a `PipelineError`, for an event that does not exist, or a listener that is no function.
   */
  once<TType extends keyof ExecutionEvents>(type: TType, listener: EventListener<TType>): () => void {
    return this.#listen('once', type, listener);
  }

  /**
   * Ends all that `on` and `once` began for a listener and a type of event; nothing where it does not listen.
   *
   * @throws `OPTION_INVALID`, a `PipelineError`, for an event that does not exist, or a listener that is no function.
   */
  off<TType extends keyof ExecutionEvents>(type: TType, listener: EventListener<TType>): void {
    this.#emitter.off(type, this.#guard('off', type, listener));
  }

  #listen(method: 'on' | 'once', type: keyof ExecutionEvents, listener: AnyListener): () => void {
    const guarded = this.#guard(method, type, listener);
    const subscription = {};
    this.#emitter[method](type, guarded, subscription);
    return () => {
      this.#emitter.off(type, guarded, subscription);
    };
  }

  #guard(method: string, type: keyof ExecutionEvents, listener: AnyListener): GuardedListener {
    checkArgument(`RunEvents.${method}`, type, eventProblem);
    checkArgument(`RunEvents.${method}`, listener, rule.callable);
    let guarded = this.#guarded.get(listener);
    if (guarded === undefined) {
      guarded = (event, answers) => {
        answers.of(() => listener(event as never));
      };
      this.#guarded.set(listener, guarded);
    }
    return guarded;
  }
}

// The methods are made from the list of events, so that a new one cannot be forgotten.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging, @typescript-eslint/no-empty-object-type -- see above
export interface RunEvents extends ExecutionObserver {}
