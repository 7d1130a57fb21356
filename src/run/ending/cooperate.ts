import { ignoreRejection } from '../../data/foreign-value.js';
import { invalidOption, optionProblems, rule } from '../../errors/option-rules.js';
import { Pacer } from './pacer.js';

/** Options of {@link cooperate}. */
export interface CooperateOptions {
  /** Approximate milliseconds between two yields to the event loop; 0 yields at every call. Default 10. */
  readonly everyMs?: number | undefined;
}

/**
 * Makes a function to call in a long loop: it yields now and then, and throws when the signal aborts.
 *
 * The function mostly returns undefined, which needs no `await`, and a promise when it is time to yield:
 * `const pause = pauses(); if (pause !== undefined) await pause;`, or simply `await pauses()`. It throws
 * `signal.reason` once the signal has aborted; if the signal aborts during the pause, the promise rejects.
 *
 * @throws {@link PipelineError} `OPTION_INVALID` when an argument is wrong.
 *
 * @example
 * {@includeCode ../../../examples/api/cooperate.ts}
 */
export function cooperate(signal: AbortSignal, options: CooperateOptions = {}): () => void | Promise<void> {
  const expected = rule.signal(signal);
  const problems = [
    ...(expected === undefined ? [] : [`'signal' must be ${expected}`]),
    ...optionProblems(options, { everyMs: rule.milliseconds }),
  ];
  if (problems.length > 0) throw invalidOption('cooperate', problems.join('; '));
  const pacer = new Pacer(options.everyMs);
  const pause = async (): Promise<void> => {
    await pacer.yield();
    signal.throwIfAborted();
  };
  return () => {
    signal.throwIfAborted();
    if (!pacer.isDue()) return undefined;
    const paused = pause();
    ignoreRejection(paused); // a loop that does not await the promise gets the error from its next call
    return paused;
  };
}
