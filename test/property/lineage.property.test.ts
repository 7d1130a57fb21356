import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryLineageSink, runPipeline, type LineageOptions, type LineageRecord } from 'heirline';
import { KeptLetters, outcomeOf } from '../integration/support/harness.js';
import { modelledEnds, type ToldEnd } from './support/lineage-model.js';
import {
  handledSpecs,
  hidesItems,
  lineagePipeline,
  wildSpecs,
  type LineageSpec,
} from './support/lineage-spec.js';

async function recordsOf(spec: LineageSpec, options: Partial<LineageOptions> = {}) {
  const sink = new MemoryLineageSink({ maxItems: 100_000 });
  const { code, result } = await outcomeOf(
    runPipeline(lineagePipeline(spec), {
      lineage: { sink, ...options },
      deadLetterSink: new KeptLetters(),
      run: { runId: 'r' },
    }),
  );
  return { code, result, records: sink.records, ends: sink.records.filter(({ terminal }) => terminal) };
}

function toldEnd({ correlationId, outcome, path, contributors, traversal }: LineageRecord): ToldEnd {
  const hops = traversal.map(
    (hop) => `${hop.path} ${String(hop.inputs)}>${String(hop.outputs)} x${String(hop.attempts)}`,
  );
  return { id: correlationId, outcome, path, contributors, hops };
}

const byId = (ends: readonly ToldEnd[]): readonly ToldEnd[] =>
  [...ends].sort((one, other) => (one.id < other.id ? -1 : 1));

const isFromSource = ({ correlationId, traversal }: LineageRecord): boolean =>
  !correlationId.includes('.') && traversal[0]?.path === 'root/read';

describe('the lineage of a random tree', () => {
  test('is what a model says of every item, where all failures are handled', async () => {
    await fc.assert(
      fc.asyncProperty(handledSpecs, async (spec) => {
        const { code, ends } = await recordsOf(spec);

        expect(code).toBe('none');
        expect(byId(ends.map(toldEnd))).toEqual(byId(modelledEnds(spec)));
      }),
      { numRuns: 400 },
    );
  });

  test('is the same with a record for each node, which tells every hop of the way', async () => {
    await fc.assert(
      fc.asyncProperty(handledSpecs, async (spec) => {
        const { records, ends } = await recordsOf(spec, { capture: 'all' });

        expect(byId(ends.map(toldEnd))).toEqual(byId((await recordsOf(spec)).ends.map(toldEnd)));
        const passed = records.filter(({ terminal }) => !terminal);
        const told = new Set(passed.map(({ correlationId, path }) => `${correlationId} ${path}`));
        for (const { correlationId, traversal } of ends)
          for (const { path } of traversal) expect(told).toContain(`${correlationId} ${path}`);
      }),
      { numRuns: 100 },
    );
  });

  test('of one item in so many is what full lineage has of just those items, and what was made of them', async () => {
    await fc.assert(
      fc.asyncProperty(handledSpecs, fc.integer({ min: 2, max: 4 }), async (spec, every) => {
        const full = byId((await recordsOf(spec)).ends.map(toldEnd));
        const some = byId((await recordsOf(spec, { sampleEvery: every })).ends.map(toldEnd));

        const sampled = new Set(some.map(({ id }) => id));
        const expected = full
          .filter(({ id, contributors }) =>
            contributors === undefined ? sampled.has(id) : contributors.some((each) => sampled.has(each)),
          )
          .map((told) => ({ ...told, contributors: told.contributors?.filter((id) => sampled.has(id)) }));
        expect(some).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('has exactly one end for each item of the source, however the run ends and whatever overlaps', async () => {
    await fc.assert(
      fc.asyncProperty(wildSpecs, fc.constantFrom('terminal', 'all'), async (spec, capture) => {
        const { code, result, ends } = await recordsOf(spec, { capture });

        const ids = ends.map(({ correlationId }) => correlationId);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ends.filter(isFromSource)).toHaveLength(result.nodes.get('root/read')?.in ?? 0);
        for (const { contributors } of ends) for (const id of contributors ?? []) expect(ids).toContain(id);
        const errors = ends.filter(({ outcome }) => outcome === 'error');
        if (result.status !== 'failed') expect(errors).toEqual([]);
        if (code === 'NODE_FAILED' && !hidesItems(spec.nodes)) expect(errors).not.toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
