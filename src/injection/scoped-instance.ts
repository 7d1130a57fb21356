import { requireContext } from '../context/ambient-context.js';
import type { ContextFrame } from '../context/context-frame.js';
import { disposingMethod } from '../context/disposers.js';
import { frameOf } from '../context/pipeline-context.js';
import { isThenable, toPromise } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';

/** Disposes an instance at the end of what it was made for. */
export type InstanceDisposer<T> = (instance: Awaited<T>) => unknown;

/**
 * Makes one instance for each execution, or for each run: on first use, disposed with what it was made for.
 *
 * @param owner the execution whose end is that of the instance, for the execution whose code is running.
 */
export function scopedInstance<TArguments extends unknown[], T>(
  subject: string,
  factory: (...args: TArguments) => T,
  dispose: InstanceDisposer<T> | undefined,
  owner: (current: ContextFrame) => ContextFrame,
): (...args: TArguments) => T {
  if (typeof factory !== 'function')
    throw invalidOption(subject, 'a function that makes the instance was expected');
  if (dispose !== undefined && typeof dispose !== 'function')
    throw invalidOption(subject, 'a function that disposes the instance was expected');
  const instances = new WeakMap<ContextFrame, { instance: T }>();
  return (...args) => {
    const frame = owner(frameOf(requireContext()));
    const known = instances.get(frame);
    if (known !== undefined) return known.instance;
    const kept = { instance: factory(...args) };
    instances.set(frame, kept);
    // One that is disposed, or could not be made, is not given again.
    const forget = (): void => {
      if (instances.get(frame) === kept) instances.delete(frame);
    };
    const keep = (instance: Awaited<T>): Awaited<T> => {
      disposeWith(frame, instance, dispose, forget);
      return instance;
    };
    if (isThenable(kept.instance)) {
      const ready = toPromise(kept.instance).then((instance) => keep(instance as Awaited<T>));
      kept.instance = ready as T;
      ready.catch(forget); // one that nobody awaits ends no process either
    } else keep(kept.instance as Awaited<T>);
    return kept.instance;
  };
}

/** Registered once the instance is there: what it was made of was registered before it, and is disposed after it. */
function disposeWith<T>(
  frame: ContextFrame,
  instance: T,
  dispose: ((instance: T) => unknown) | undefined,
  forget: () => void,
): void {
  const call = dispose === undefined ? disposingMethod(instance, disposingMethods) : () => dispose(instance);
  if (call === undefined) return;
  let isDisposed = false;
  const disposeOnce = (): unknown => {
    forget();
    if (isDisposed) return undefined;
    isDisposed = true;
    return call();
  };
  // After the end it is called at once: nobody else would dispose the instance.
  frame.addDisposer(disposeOnce);
}

/** The methods that an instance may dispose itself with; the first that is there is called. */
const disposingMethods = [Symbol.asyncDispose, Symbol.dispose, 'dispose'] as const;
