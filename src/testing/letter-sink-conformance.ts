import type { ReplayableDeadLetterSink } from '../ports/dead-letter-sink.js';
import type { ConformanceCase } from './conformance-case.js';
import { claimCases } from './letter-claim-cases.js';
import { closedCases, contentCases, fullCases } from './letter-content-cases.js';
import { readingCases } from './letter-reading-cases.js';
import { LetterSamples } from './letter-samples.js';
import type { LetterCase, TestedSink } from './letter-samples.js';

/** How the sinks are made that {@link deadLetterSinkConformance} tries. */
export interface ConformanceSinks {
  /** Makes an empty sink: another one for each case, which no other case reads. */
  readonly create: () => ReplayableDeadLetterSink | Promise<ReplayableDeadLetterSink>;
  /** Makes an empty sink that takes two letters. Default: the sinks are never full. */
  readonly createSmall?: (() => ReplayableDeadLetterSink | Promise<ReplayableDeadLetterSink>) | undefined;
}

/**
 * What must be true of every `ReplayableDeadLetterSink`, as cases for any test runner.
 *
 * A sink that has a method `close` is closed at the end of a case, and must then refuse every call.
 *
 * @example
 * {@includeCode ../../examples/api/dead-letter-sink-conformance.ts}
 */
export function deadLetterSinkConformance({
  create,
  createSmall,
}: ConformanceSinks): readonly ConformanceCase[] {
  const cases = { ...contentCases, ...readingCases, ...claimCases, ...closedCases };
  return [...casesOf(cases, create), ...(createSmall === undefined ? [] : casesOf(fullCases, createSmall))];
}

function casesOf(
  cases: Readonly<Record<string, LetterCase>>,
  create: () => TestedSink | Promise<TestedSink>,
): readonly ConformanceCase[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    run: async () => {
      const sink = await create();
      try {
        await check(new LetterSamples(sink));
      } finally {
        await sink.close?.();
      }
    },
  }));
}
