import { hasMethod, hasProperty, isThenable, readProperty, toPromise } from '../data/foreign-value.js';
import { invalidOption } from '../errors/option-rules.js';
import { PipelineError } from '../errors/pipeline-error.js';
import { printed } from '../ports/error-record.js';
import type { Outcome } from '../ports/execution-observer.js';

/** Something to call when an execution ends. */
export type Disposer = (() => unknown) | Disposable | AsyncDisposable;

/** Something to call with how the execution has ended: to commit what it did, or to take it back. */
export type OutcomeDisposer = (outcome: Outcome) => unknown;

/** A disposer with the path that is named if it fails. */
export interface RegisteredDisposer {
  readonly disposer: Disposer | OutcomeDisposer;
  readonly path: string;
  /** Whether the disposer, a function, is told the outcome. */
  readonly withOutcome?: boolean;
}

/** @throws {@link PipelineError} `OPTION_INVALID` for what cannot be called at the end of an execution. */
export function registeredDisposer(
  disposer: Disposer | OutcomeDisposer,
  path: string,
  withOutcome: boolean,
): RegisteredDisposer {
  if (withOutcome && typeof disposer !== 'function')
    throw invalidOption('onDispose', 'a function was expected, since withOutcome gives it the outcome', path);
  if (!isDisposer(disposer)) {
    const expected = 'a function, or an object with Symbol.dispose or Symbol.asyncDispose, was expected';
    throw invalidOption('onDispose', expected, path);
  }
  return withOutcome ? { disposer, path, withOutcome } : { disposer, path };
}

/** What a disposer threw, and whose it was. */
export interface DisposerFailure {
  readonly path: string;
  readonly error: unknown;
}

/** Whether something can be called at the end of an execution. */
export function isDisposer(value: unknown): value is Disposer {
  if (typeof value === 'function') return true;
  return hasProperty(value, Symbol.asyncDispose) || hasProperty(value, Symbol.dispose);
}

/** Calls a registered disposer; the result is awaited by the caller if it is a promise. */
export function callRegistered({ disposer, withOutcome }: RegisteredDisposer, outcome: Outcome): unknown {
  return withOutcome === true && typeof disposer === 'function'
    ? disposer(outcome)
    : callDisposer(disposer as Disposer);
}

/** Calls a disposer that nobody waits for: what it was registered on has ended. Never throws. */
export function callTooLate(
  registered: RegisteredDisposer,
  outcome: Outcome,
  failed: (failure: DisposerFailure) => void,
): void {
  const tell = (error: unknown): void => {
    failed({ path: registered.path, error });
  };
  try {
    const pending = callRegistered(registered, outcome);
    if (isThenable(pending)) toPromise(pending).catch(tell);
  } catch (error) {
    tell(error);
  }
}

/** The first of some methods that an instance disposes itself with; undefined where it has none. */
export function disposingMethod(
  instance: unknown,
  names: readonly PropertyKey[],
): (() => unknown) | undefined {
  const name = names.find((each) => hasMethod(instance, each));
  if (name === undefined) return undefined;
  // Read when it is called: a node may make the method in its init.
  return () => {
    const method = readProperty(instance, name);
    return typeof method === 'function' ? (Reflect.apply(method, instance, []) as unknown) : undefined;
  };
}

/** Calls one disposer; the result is awaited by the caller if it is a promise. */
export function callDisposer(disposer: Disposer): unknown {
  if (typeof disposer === 'function') return disposer();
  if (Symbol.asyncDispose in disposer) return disposer[Symbol.asyncDispose]();
  disposer[Symbol.dispose]();
  return undefined;
}

/** Calls every disposer, one after the other, even if some fail; gives what was thrown. */
export async function callDisposers(
  disposers: readonly RegisteredDisposer[],
  outcome: Outcome = 'succeeded',
): Promise<DisposerFailure[]> {
  const failures: DisposerFailure[] = [];
  for (const registered of disposers) {
    try {
      await callRegistered(registered, outcomeAfter(outcome, failures));
    } catch (error) {
      failures.push({ path: registered.path, error });
    }
  }
  return failures;
}

/** The outcome of what ended so once some disposers have failed: one that succeeded has failed then. */
export function outcomeAfter(outcome: Outcome, failures: readonly DisposerFailure[]): Outcome {
  return outcome === 'succeeded' && failures.length > 0 ? 'failed' : outcome;
}

/**
 * The error of an execution whose disposers failed; undefined where none did.
 *
 * @param outcome how the execution has ended otherwise.
 */
export function disposalFailed(
  failures: readonly DisposerFailure[],
  outcome: Outcome = 'succeeded',
): PipelineError | undefined {
  const [first, ...more] = failures;
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`;
  return new PipelineError('DISPOSAL_FAILED', {
    path: first.path,
    problem: `${outcome === 'succeeded' ? 'The work succeeded, but a disposer' : 'A disposer'} failed${others}: ${printed(first.error).replace(/\.$/, '')}.`,
    remedy: 'Mend the disposer; its error is the cause.',
    cause: more.length === 0 ? first.error : new AggregateError(failures.map(({ error }) => error)),
  });
}
