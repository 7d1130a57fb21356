import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runBranching, type BranchingRun } from './support/branching-run.js';
import { branchingSpecs, type BranchingSpec } from './support/branching-spec.js';
import { runs } from './support/runs.js';

/**
 * What has one right answer where ways overlap in time: what becomes of each item, unless something ended early; then
 * it is a matter of timing how far the others got.
 */
function settledOf({ ends }: BranchingSpec, run: BranchingRun): unknown {
  if (!isComplete(run)) return 'ended early';
  if (ends === 'reader') return { read: readIn(run) };
  const { calls, counts, letters } = run;
  if ((counts['root/child']?.filtered ?? 0) > 0) return 'children failed';
  return { calls: [...calls].sort(), counts, letters: [...letters].sort() };
}

/**
 * Whether the reader left, in one of them before another call failed or cancelled the run: which calls had begun by
 * then is a matter of timing, too.
 */
function wasRace({ ends, reads }: BranchingSpec, ...both: readonly BranchingRun[]): boolean {
  return ends === 'reader' && both.some((run) => readIn(run) === reads) && !both.every(isComplete);
}

function isComplete({ outcome }: BranchingRun): boolean {
  return outcome === 'succeeded none';
}

function readIn({ calls }: BranchingRun): number {
  return calls.filter((call) => call.startsWith('reader')).length;
}

/** The numbers of the items that came to an end by one way; each way keeps the order of its source. */
function arrivals({ calls }: BranchingRun): readonly (readonly number[])[] {
  const byWay = new Map<string, number[]>();
  for (const call of calls) {
    const [node = '', id = '', way = ''] = call.split(' ');
    if (!/^(sink|reader)/.test(node)) continue;
    const key = `${node} ${way}`;
    byWay.set(key, [...(byWay.get(key) ?? []), Number(id)]);
  }
  return [...byWay.values()];
}

describe('ways that part and meet again, written out and in the code that all plans share', () => {
  test('do the same, call by call, where nothing must wait', async () => {
    await fc.assert(
      fc.asyncProperty(branchingSpecs(false), async (spec) => {
        const shared = await runBranching(spec, false);
        for (const after of [0, 3]) expect(await runBranching(spec, { after })).toEqual(shared);
      }),
      runs(300),
    );
  });

  test('do the same with every item where ways, lanes and sources overlap', async () => {
    await fc.assert(
      fc.asyncProperty(branchingSpecs(true), async (spec) => {
        const shared = await runBranching(spec, false);
        for (const after of [0, 3]) {
          const written = await runBranching(spec, { after });
          expect([...written.crowded]).toEqual([]);
          if (!wasRace(spec, written, shared))
            expect(settledOf(spec, written)).toEqual(settledOf(spec, shared));
          for (const ids of arrivals(written))
            expect(ids).toEqual([...ids].sort((one, other) => one - other));
        }
      }),
      runs(300),
    );
  });
});
