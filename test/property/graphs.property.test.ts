import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineRunner, runPipeline, type RunResult } from 'heirline';
import {
  expectBalanced,
  KeptLetters,
  KeptLineage,
  nextTurn,
  outcomeOf,
  rejectionOf,
  resultOf,
  unhandledDuring,
} from '../integration/support/harness.js';
import {
  hasOneOrder,
  hasStep,
  Oracle,
  pipelineOf,
  specs,
  type Item,
  type Spec,
} from './support/random-pipeline.js';

const handled = ['skip', 'deadLetter', 'retry', 'retryThenSkip'] as const;

/** Nodes that never wait, that always wait, and that sometimes do. */
const paces = {
  sync: () => () => undefined,
  async: () => () => Promise.resolve(),
  mixed: () => {
    let calls = 0;
    return () => {
      calls += 1;
      if (calls % 3 === 0) return undefined;
      return calls % 7 === 0 ? nextTurn() : Promise.resolve();
    };
  },
};

function runsThrough(spec: Spec): boolean {
  const oracle = new Oracle(spec);
  return !oracle.fails && !oracle.ambiguous;
}

function fails(spec: Spec): boolean {
  const oracle = new Oracle(spec);
  return oracle.fails && !oracle.ambiguous;
}

/** Numbers in their own order, or sorted where the graph leaves the order open. */
function comparable(spec: Spec, outputs: readonly number[]): number[] {
  return hasOneOrder(spec) ? [...outputs] : [...outputs].sort((a, b) => a - b);
}

/** The counts of a result at some paths, without what an oracle does not know. */
function countsOf(result: RunResult, paths: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(paths.map((path) => [path, result.nodes.get(path)]));
}

describe('any graph whose failures are handled', () => {
  test('gives the outputs and the counts that follow from its steps, at any pace', async () => {
    await fc.assert(
      fc.asyncProperty(specs(handled), async (spec) => {
        const oracle = new Oracle(spec);
        fc.pre(!oracle.fails && !oracle.ambiguous);
        const letters = new KeptLetters();
        const seen: Record<string, unknown>[] = [];

        for (const pace of Object.values(paces)) {
          const outputs: number[] = [];
          letters.envelopes.length = 0;
          const result = await runPipeline(pipelineOf(spec, { pause: pace(), outputs }), {
            deadLetterSink: letters,
          });

          expect(result.status).toBe('succeeded');
          expect(comparable(spec, outputs)).toEqual(comparable(spec, oracle.outputs));
          expectBalanced(result);
          for (const path of oracle.exactPaths()) {
            const expected = oracle.counts.get(path);
            const counts = result.nodes.get(path);
            if (expected === undefined || (counts === undefined && expected.in === 0)) continue;
            const many = path.endsWith('-child');
            const actual = {
              in: counts?.in,
              [many ? 'out and filtered' : 'out']: (counts?.out ?? 0) + (many ? (counts?.filtered ?? 0) : 0),
              filtered: many ? undefined : counts?.filtered,
              deadLettered: counts?.deadLettered,
              retried: counts?.retried,
              failed: counts?.failed,
              cancelled: counts?.cancelled,
              emitted: expected.emitted === undefined ? undefined : counts?.emitted,
            };
            expect({ path, ...actual }).toEqual({
              path,
              in: expected.in,
              [many ? 'out and filtered' : 'out']: expected.out + (many ? expected.filtered : 0),
              filtered: many ? undefined : expected.filtered,
              deadLettered: expected.deadLettered,
              retried: expected.retried,
              failed: 0,
              cancelled: 0,
              emitted: expected.emitted,
            });
          }
          const deadLettered = [...result.nodes.values()].reduce(
            (total, node) => total + node.deadLettered,
            0,
          );
          expect(letters.envelopes).toHaveLength(deadLettered);
          seen.push(countsOf(result, oracle.exactPaths()));
        }

        expect(seen[1]).toEqual(seen[0]);
        expect(seen[2]).toEqual(seen[0]);
      }),
      { numRuns: 120 },
    );
  });

  test('ends exactly once, in its result, in its events and in its sinks', async () => {
    await fc.assert(
      fc.asyncProperty(specs(handled), async (spec) => {
        const oracle = new Oracle(spec);
        fc.pre(!oracle.fails && !oracle.ambiguous);
        const ends: string[] = [];
        let settled = 0;

        const run = new PipelineRunner({
          executionObserver: {
            pipelineCompleted: ({ path }) => (path === 'root' ? ends.push('completed') : 0),
            pipelineFailed: ({ path }) => (path === 'root' ? ends.push('failed') : 0),
          },
          deadLetterSink: new KeptLetters(),
        }).run(pipelineOf(spec, { pause: paces.mixed(), outputs: [] }));
        void run.finally(() => (settled += 1));
        await run;
        await nextTurn();

        expect(ends).toEqual(['completed']);
        expect(settled).toBe(1);
      }),
      { numRuns: 40 },
    );
  });

  test('writes no two terminal records for one correlation id', async () => {
    await fc.assert(
      fc.asyncProperty(specs(handled), async (spec) => {
        fc.pre(runsThrough(spec));
        const lineage = new KeptLineage();

        await runPipeline(pipelineOf(spec, { pause: paces.mixed(), outputs: [] }), {
          lineageSink: lineage,
          deadLetterSink: new KeptLetters(),
        });

        const terminals = [...lineage.terminals().values()];
        expect(terminals.filter((records) => records.length !== 1)).toEqual([]);
        if (
          !hasStep(spec.steps, ({ kind }) => kind === 'branches' || kind === 'batch' || kind === 'spread')
        ) {
          expect(terminals).toHaveLength(spec.items.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('any graph that fails', () => {
  test('rejects once, accounts for every input, closes its source and leaves nothing unhandled', async () => {
    await fc.assert(
      fc.asyncProperty(
        specs([...handled, 'fail', 'fail']),
        fc.constantFrom<keyof typeof paces>('sync', 'async', 'mixed'),
        async (spec, pace) => {
          fc.pre(fails(spec));
          let opened = 0;
          let closed = 0;
          const ends: string[] = [];
          function* source(): Generator<Item> {
            opened += 1;
            try {
              for (const value of spec.items) yield { value };
            } finally {
              closed += 1;
            }
          }

          const unhandled = await unhandledDuring(async () => {
            const error = await rejectionOf(
              new PipelineRunner({
                executionObserver: {
                  pipelineCompleted: ({ path }) => (path === 'root' ? ends.push('completed') : 0),
                  pipelineFailed: ({ path }) => (path === 'root' ? ends.push('failed') : 0),
                },
                deadLetterSink: new KeptLetters(),
              }).run(pipelineOf(spec, { pause: paces[pace](), outputs: [], source })),
            );
            expect(['NODE_FAILED', 'COMPOSITE_NO_OUTPUT', 'COMPOSITE_MULTIPLE_OUTPUTS']).toContain(
              error.code,
            );
            expect(error.path).toMatch(/^root\//);
            const result = resultOf(error);
            expect(result.status).toBe('failed');
            expectBalanced(result);
            expect(
              [...result.nodes.values()].reduce((total, node) => total + node.failed, 0),
            ).toBeGreaterThan(0);
          });

          expect(unhandled).toEqual([]);
          expect(closed).toBe(opened);
          expect(ends).toEqual(['failed']);
        },
      ),
      { numRuns: 80 },
    );
  });

  test('gives the same counts at any pace, where nothing in it overlaps', async () => {
    await fc.assert(
      fc.asyncProperty(specs(['fail', 'skip', 'retry'], false), async (spec) => {
        fc.pre(fails(spec));
        const seen: unknown[] = [];
        for (const pace of Object.values(paces)) {
          const outputs: number[] = [];
          const error = await rejectionOf(runPipeline(pipelineOf(spec, { pause: pace(), outputs })));
          seen.push({
            code: error.code,
            path: error.path,
            outputs,
            nodes: [...resultOf(error).nodes].sort(),
          });
        }

        expect(seen[1]).toEqual(seen[0]);
        expect(seen[2]).toEqual(seen[0]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('any graph that is cancelled', () => {
  test('rejects once as cancelled, starts nothing afterwards, accounts for every input and closes its source', async () => {
    await fc.assert(
      fc.asyncProperty(
        specs(handled),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom<keyof typeof paces>('sync', 'async', 'mixed'),
        async (spec, moment, pace) => {
          const controller = new AbortController();
          let calls = 0;
          let startedAfter = 0;
          let opened = 0;
          let closed = 0;
          function* source(): Generator<Item> {
            opened += 1;
            try {
              for (const value of spec.items) yield { value };
            } finally {
              closed += 1;
            }
          }
          const take = (): void => {
            calls += 1;
            if (calls === moment) controller.abort();
          };
          const enter = (): void => {
            if (controller.signal.aborted) startedAfter += 1;
            take();
          };
          fc.pre(runsThrough(spec));

          const unhandled = await unhandledDuring(async () => {
            const outcome = await outcomeOf(
              new PipelineRunner({ deadLetterSink: new KeptLetters() }).run(
                pipelineOf(spec, { pause: paces[pace](), outputs: [], source, enter, take }),
                { signal: controller.signal },
              ),
            );
            expect(outcome.code).toBe(controller.signal.aborted ? 'RUN_CANCELLED' : 'none');
            expect(outcome.result.status).toBe(controller.signal.aborted ? 'cancelled' : 'succeeded');
            expectBalanced(outcome.result);
          });

          expect(unhandled).toEqual([]);
          expect(startedAfter).toBe(0);
          expect(closed).toBe(opened);
        },
      ),
      { numRuns: 120 },
    );
  });
});
