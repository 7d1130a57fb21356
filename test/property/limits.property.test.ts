import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorPolicy, fixed, PipelineRunner, type PipelineContext } from 'heirline';
import {
  abortedAsFetchDoes,
  countsAt,
  definePipeline,
  expectBalanced,
  KeptLetters,
  nextTurn,
  unhandledDuring,
} from '../integration/support/harness.js';

type Behaviour = 'works' | 'fails' | 'hangs' | 'hangs deafly';
type Decision = 'skip' | 'deadLetter' | 'retry';

const behaviours = fc.array(
  fc.constantFrom<Behaviour>('works', 'works', 'works', 'fails', 'hangs', 'hangs deafly'),
  {
    maxLength: 14,
  },
);

const policies = {
  skip: errorPolicy('skip'),
  deadLetter: errorPolicy('deadLetter'),
  retry: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(0), exhausted: 'skip' } } }),
};

/** Works at once, so that no stall of the machine can make it late, or does not work at all. */
function behave(behaviour: Behaviour, index: number, context: PipelineContext, deaf: Promise<number>[]) {
  if (behaviour === 'works') return index;
  if (behaviour === 'fails') throw new RangeError('does not work');
  if (behaviour === 'hangs') return abortedAsFetchDoes(context.signal);
  const late = nextTurn().then(() =>
    abortedAsFetchDoes(context.signal).catch(() => nextTurn().then(() => -1)),
  );
  deaf.push(late);
  return late;
}

describe('any mix of items that work, fail, hang, and come back late', () => {
  for (const place of ['node', 'composite'] as const) {
    test(`under a limit on a ${place} ends each of them once, in order, and awaits the late ones`, async () => {
      await fc.assert(
        fc.asyncProperty(
          behaviours,
          fc.constantFrom<Decision>('skip', 'deadLetter', 'retry'),
          fc.constantFrom(1, 3, 8),
          async (drawn, decision, concurrency) => {
            const limits = { concurrency, timeoutMs: 3, errorPolicy: policies[decision] };
            const outputs: number[] = [];
            const letters = new KeptLetters();
            const deaf: Promise<number>[] = [];
            const items = drawn.map((behaviour, index) => ({ behaviour, index }));
            const step = (item: (typeof items)[number], context: PipelineContext): number | Promise<number> =>
              behave(item.behaviour, item.index, context, deaf);
            const Child = definePipeline<(typeof items)[number], number>('child', (builder) => {
              const node = builder.addTransform(step, { name: 'node', from: builder.addCompositeInput() });
              builder.connect(node, builder.addCompositeOutput());
            });
            const Root = definePipeline('root', (builder) => {
              const from = builder.addSource(items, 'source');
              const limited =
                place === 'node'
                  ? builder.addTransform(step, { name: 'limited', from, ...limits })
                  : builder.addComposite(Child, { name: 'limited', from, ...limits });
              builder.connect(
                limited,
                builder.addSink((index: number) => outputs.push(index), 'sink'),
              );
            });

            const unhandled = await unhandledDuring(async () => {
              const result = await new PipelineRunner({ deadLetterSink: letters }).run(Root);

              const broken = drawn.filter((behaviour) => behaviour !== 'works').length;
              expect(outputs).toEqual(
                items.filter(({ behaviour }) => behaviour === 'works').map(({ index }) => index),
              );
              expect(countsAt(result, 'root/limited')).toMatchObject({
                in: drawn.length,
                out: drawn.length - broken,
                filtered: decision === 'deadLetter' ? 0 : broken,
                deadLettered: decision === 'deadLetter' ? broken : 0,
                retried: decision === 'retry' ? broken : 0,
                failed: 0,
                cancelled: 0,
              });
              expect(letters.envelopes).toHaveLength(decision === 'deadLetter' ? broken : 0);
              expect(result.abandoned).toEqual([]);
              expectBalanced(result);
              const settled = await Promise.race([Promise.all(deaf), nextTurn().then(() => 'still running')]);
              expect(settled).not.toBe('still running');
            });

            expect(unhandled).toEqual([]);
          },
        ),
        { numRuns: 25 },
      );
    });
  }
});
