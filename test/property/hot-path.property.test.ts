import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PipelineError, PipelineRunner, runPipeline, type RunResult } from 'heirline';
import {
  definePipeline,
  expectBalanced,
  KeptLetters,
  KeptLineage,
  resultOf,
  unhandledDuring,
} from '../integration/support/harness.js';
import { ChainModel } from './support/chain-model.js';
import { runs } from './support/runs.js';
import {
  chainPipeline,
  chains,
  happenings,
  Job,
  type ChainSpec,
  type Happening,
} from './support/probe-chain.js';

const endings: readonly Happening[] = happenings.filter((each) => each.startsWith('cancel'));
const harmless = happenings.filter((each) => !endings.includes(each));

/** Who looks on: the short ways are open only where nobody does. */
const watching = fc.record({ observed: fc.boolean(), lineage: fc.boolean(), letters: fc.boolean() });

interface Watching {
  readonly observed: boolean;
  readonly lineage: boolean;
  readonly letters: boolean;
}

/** How a run ended, whatever way. */
async function ended(
  run: Promise<RunResult>,
): Promise<{ error: PipelineError | undefined; result: RunResult }> {
  try {
    return { error: undefined, result: await run };
  } catch (error) {
    if (error instanceof PipelineError) return { error, result: resultOf(error) };
    throw error;
  }
}

/** Runs a job on a pipeline and expects all of what the model says. */
async function expectModelled(
  runner: PipelineRunner,
  definition: ReturnType<typeof chainPipeline>,
  spec: ChainSpec,
  job: Job,
  { observed, lineage, letters }: Watching,
): Promise<void> {
  const model = new ChainModel(spec, job, letters);
  const records = new KeptLineage();
  const envelopes = new KeptLetters();
  const failed: string[] = [];
  const { error, result } = await ended(
    runner.run(definition as never, {
      items: { job },
      ...(lineage ? { lineageSink: records } : {}),
      ...(letters ? { deadLetterSink: envelopes } : {}),
      ...(observed ? { executionObserver: { itemFailed: ({ path }) => failed.push(path) } } : {}),
    }),
  );

  const nodes = [...result.nodes].map(([path, { nodeId: _id, pipelineName: _name, ...counts }]) => [
    path,
    counts,
  ]);
  expect({
    status: result.status,
    code: error?.code,
    path: error?.path,
    nodes: Object.fromEntries(nodes) as unknown,
    outputs: job.outputs,
    wrong: job.wrong,
  }).toEqual({
    status: model.status,
    code: model.code,
    path: model.path,
    nodes: model.counts,
    outputs: model.outputs,
    wrong: [],
  });
  // toEqual takes 0 for -0, and one probe for another.
  expect(job.outputs.every((output, index) => Object.is(output, model.outputs[index]))).toBe(true);
  expectBalanced(result);
  if (lineage) expect(records.records.map(({ outcome, path }) => `${outcome} ${path}`)).toEqual(model.fates);
  const all = Object.values(model.counts);
  const total = (count: 'deadLettered' | 'filtered' | 'failed' | 'retried'): number =>
    all.reduce((sum, counts) => sum + counts[count], 0);
  expect(envelopes.envelopes).toHaveLength(total('deadLettered'));
  if (observed) {
    const retriesAndEnds = total('retried') + total('deadLettered') + total('failed');
    expect(failed.length).toBeGreaterThanOrEqual(retriesAndEnds);
    expect(failed.length).toBeLessThanOrEqual(retriesAndEnds + total('filtered'));
  }
}

describe('transforms in a row', () => {
  test('count every item at every stage, whatever happens to it where', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains(fc.constantFrom(...harmless), 12),
        watching,
        fc.boolean(),
        async (spec, watched, codeGeneration) => {
          const runner = new PipelineRunner({ codeGeneration: codeGeneration && { after: 0 } });
          const definition = chainPipeline(spec);
          const nested = async (): Promise<void> => {
            const inner = new Job([{}, { 0: 'promise' }, { 1: 'skip' }], 'array');
            await ended(runner.run(definition as never, { items: { job: inner } }));
          };
          const unhandled = await unhandledDuring(() =>
            expectModelled(runner, definition, spec, new Job(spec.scripts, spec.form, nested), watched),
          );
          expect(unhandled).toEqual([]);
        },
      ),
      runs(400),
    );
  });

  test('stop at once where an item cancels the run, or its own scope', async () => {
    const often = fc.constantFrom(...endings, ...harmless);
    await fc.assert(
      fc.asyncProperty(chains(often, 6), watching, fc.boolean(), async (spec, watched, codeGeneration) => {
        const runner = new PipelineRunner({ codeGeneration: codeGeneration && { after: 0 } });
        const unhandled = await unhandledDuring(() =>
          expectModelled(runner, chainPipeline(spec), spec, new Job(spec.scripts, spec.form), watched),
        );
        expect(unhandled).toEqual([]);
      }),
      runs(300),
    );
  });

  test('do the same in every run where many runs at once share one pipeline', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains(fc.constantFrom(...happenings), 8),
        fc.array(watching, { minLength: 2, maxLength: 5 }),
        async (spec, watchers) => {
          const runner = new PipelineRunner();
          const definition = chainPipeline(spec);
          await Promise.all(
            watchers.map(async (watched, index) => {
              // Every run has the scripts in an order of its own.
              const scripts = [...spec.scripts.slice(index), ...spec.scripts.slice(0, index)];
              await expectModelled(runner, definition, spec, new Job(scripts, spec.form), watched);
            }),
          );
        },
      ),
      runs(120),
    );
  });
});

/** Values that somebody may take for something else. */
const values = fc.oneof(
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true, withSet: true }),
  fc.constantFrom<unknown>(
    ...[undefined, null, -0, 0, Number.NaN, '', false, Symbol('value'), Symbol.iterator, () => 1, class {}],
    ...[Object.freeze({}), Object.freeze([1]), { then: 1 }, { done: true, value: 1 }, new Error('value'), 1n],
    ...[new Proxy({}, {}), Object.create(null), new Date(Number.NaN), new WeakMap(), [], [undefined]],
  ),
);

describe('values', () => {
  test('go through transforms and children as they are, given at once or promised', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(values, { maxLength: 10 }),
        fc.array(fc.constantFrom('at once', 'promised', 'in a child'), { maxLength: 6 }),
        fc.boolean(),
        async (items, stages, observed) => {
          const outputs: unknown[] = [];
          const Pass = definePipeline<unknown, unknown>('pass', (builder) => {
            builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
          });
          const Root = definePipeline('root', (builder) => {
            let last = builder.addTransform((item: unknown) => item, {
              name: 'first',
              from: builder.addSource<unknown>(() => items, 'source'),
            });
            for (const [index, stage] of stages.entries()) {
              const options = { name: `stage-${index}`, from: last };
              if (stage === 'in a child') last = builder.addComposite(Pass, options);
              else if (stage === 'at once') last = builder.addTransform((item: unknown) => item, options);
              else last = builder.addTransform(async (item: unknown) => item, options);
            }
            builder.connect(
              last,
              builder.addSink((item: unknown) => void outputs.push(item), 'sink'),
            );
          });

          const result = await runPipeline(Root, observed ? { executionObserver: {} } : {});

          expect(outputs).toHaveLength(items.length);
          expect(outputs.every((output, index) => Object.is(output, items[index]))).toBe(true);
          expectBalanced(result);
          for (const [path, counts] of result.nodes) {
            expect({ path, in: counts.in, out: counts.out }).toEqual({
              path,
              in: items.length,
              out: items.length,
            });
          }
        },
      ),
      runs(150),
    );
  });
});
