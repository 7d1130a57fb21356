import type { QueryableLineageSink } from '../ports/queryable-lineage-sink.js';
import { casesOf } from './conformance-case.js';
import type { ConformanceCase } from './conformance-case.js';
import { closedSinkCases, keepingCases } from './lineage-keeping-cases.js';
import { lineageQueryCases } from './lineage-query-cases.js';
import { LineageSamples } from './lineage-samples.js';
import type { TestedLineageSink } from './lineage-samples.js';

/**
 * What must be true of every `QueryableLineageSink`, as cases for any test runner.
 *
 * A sink that has a method `close` is closed at the end of a case, and must then refuse every call.
 *
 * @param create makes an empty sink, with room for 5,000 items: another one for each case, which no other case uses.
 *
 * @example
 * {@includeCode ../../examples/api/lineage-sink-conformance.ts}
 */
export function lineageSinkConformance(
  create: () => QueryableLineageSink | Promise<QueryableLineageSink>,
): readonly ConformanceCase[] {
  const cases = { ...keepingCases, ...lineageQueryCases, ...closedSinkCases };
  return casesOf(cases, create, (sink: TestedLineageSink) => new LineageSamples(sink));
}
