// Every input ends exactly once, whatever fails and whatever policies say: compared with a model of the rules alone.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  errorPolicy,
  PipelineError,
  runPipeline,
  type ErrorPolicy,
  type ErrorRule,
  type PipelineBuilder,
  type PipelineContext,
} from 'heirline';
import {
  definePipeline,
  expectBalanced,
  KeptLetters,
  outcomeOf,
  range,
  resultOf,
} from '../integration/support/harness.js';
import { PolicyModel, scheduleOf } from './support/policy-model.js';
import type {
  DrawnCancel,
  DrawnNode,
  DrawnPipeline,
  DrawnRule,
  DrawnTolerance,
  ErrorName,
  Final,
  Schedule,
} from './support/policy-model.js';

class Busy extends Error {}
class Stale extends Error {}
class Broken extends Error {}
const classes = { Busy, Stale, Broken } as const;

const final = fc.constantFrom<Final>('fail', 'skip', 'deadLetter', 'collect');
const ending = fc.oneof(final, fc.constant('fallback' as const));

const someRule: fc.Arbitrary<DrawnRule> = fc.record({
  on: fc.constantFrom<ErrorName>('Busy', 'Stale', 'Broken'),
  then: fc.oneof(ending, fc.constant('retry' as const)),
  attempts: fc.integer({ min: 1, max: 4 }),
  exhausted: fc.option(ending, { nil: undefined }),
  hasBefore: fc.boolean(),
});

/** Rules of which the last may take every error. */
const rules: fc.Arbitrary<DrawnRule[]> = fc
  .tuple(fc.array(someRule, { maxLength: 3 }), someRule, fc.boolean())
  .map(([first, last, isForAll]) => [...first, isForAll ? { ...last, on: undefined } : last]);

/** At the top something always takes the error: no item ends the others. */
const lastRules: fc.Arbitrary<DrawnRule[]> = fc
  .tuple(fc.array(someRule, { maxLength: 2 }), fc.constantFrom<Final>('skip', 'deadLetter', 'collect'))
  .map(([first, then]) => [
    ...first.map((rule) => ({
      ...rule,
      then: rule.then === 'fail' ? ('skip' as const) : rule.then,
      exhausted: rule.exhausted === 'fail' ? undefined : rule.exhausted,
    })),
    { on: undefined, then, attempts: 1, exhausted: undefined, hasBefore: false },
  ]);

const byDefault = fc.option(fc.record({ rules, children: fc.boolean() }), { nil: undefined });

function pipelineOf(depth: number): fc.Arbitrary<DrawnPipeline> {
  return fc.record({
    nodes: fc.array(nodeOf(depth, fc.option(rules, { nil: undefined })), { minLength: 1, maxLength: 3 }),
    byDefault,
  });
}

function nodeOf(depth: number, policy: fc.Arbitrary<DrawnRule[] | undefined>): fc.Arbitrary<DrawnNode> {
  const common = { policy, concurrency: fc.constantFrom(1, 1, 3), isAsync: fc.boolean() };
  const transform = fc.record({
    ...common,
    kind: fc.constant('transform' as const),
    child: fc.constant(undefined),
  });
  if (depth === 0) return transform;
  return fc.oneof(
    transform,
    fc.record({ ...common, kind: fc.constant('composite' as const), child: pipelineOf(depth - 1) }),
  );
}

const roots: fc.Arbitrary<DrawnPipeline> = fc.record({
  nodes: fc.array(nodeOf(2, lastRules), { minLength: 1, maxLength: 3 }),
  byDefault: fc.option(fc.record({ rules: lastRules, children: fc.boolean() }), { nil: undefined }),
});

/** Rules without a retry: a composite then runs each child once, and its letters leave at once. */
const lasting = (drawn: readonly DrawnRule[]): DrawnRule[] =>
  drawn.map((rule) => (rule.then === 'retry' ? { ...rule, then: rule.exhausted ?? 'skip' } : rule));

const tolerance: fc.Arbitrary<DrawnTolerance> = fc.record({
  limit: fc.oneof(
    fc.record({ count: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ ratio: fc.constantFrom(0, 0.1, 0.3, 0.6, 1), atLeast: fc.constantFrom(1, 5, 20) }),
  ),
  counts: fc.subarray(['failed', 'deadLettered', 'skipped'] as const),
});

/** Pipelines in which anything may end a child, or the run. One item is in them at a time, so that it is known which. */
function endingPipelineOf(depth: number): fc.Arbitrary<DrawnPipeline> {
  const common = { concurrency: fc.constant(1), isAsync: fc.boolean() };
  const policy = fc.option(rules, { nil: undefined });
  const transform = fc.record({
    ...common,
    policy,
    kind: fc.constant('transform' as const),
    child: fc.constant(undefined),
  });
  const composite = fc.record({
    ...common,
    policy: policy.map((drawn) => drawn && lasting(drawn)),
    kind: fc.constant('composite' as const),
    child: depth === 0 ? fc.constant(undefined) : endingPipelineOf(depth - 1),
  });
  return fc.record({
    nodes: fc.array(depth === 0 ? transform : fc.oneof(transform, composite), { minLength: 1, maxLength: 3 }),
    byDefault: fc.option(fc.record({ rules: rules.map(lasting), children: fc.boolean() }), {
      nil: undefined,
    }),
    tolerance: fc.option(tolerance, { nil: undefined }),
  });
}

/** The paths of all transforms of a pipeline. */
function transformsOf({ nodes }: DrawnPipeline, path: string): string[] {
  return nodes.flatMap(({ child }, index) => {
    const place = `${path}/${String(index)}`;
    return child === undefined ? [place] : transformsOf(child, place);
  });
}

function policyOf(drawn: readonly DrawnRule[], path: string, schedule: Schedule): ErrorPolicy<number> {
  const call = (what: string, item: number): void => {
    const thrown = schedule(`${path} ${what}`, item);
    if (thrown !== undefined) throw new classes[thrown](String(item));
  };
  const fallback = (item: number): number => {
    call('fallback', item);
    return item;
  };
  const ended = (then: Final | 'fallback') => (then === 'fallback' ? { fallback } : then);
  const made = drawn.map(({ on, then, attempts, exhausted, hasBefore }): ErrorRule<number> => {
    // What failed is the message of every error here, also of one around others.
    const before = async (error: unknown): Promise<void> => {
      await Promise.resolve();
      call('before', itemOf(error));
    };
    return {
      on: on === undefined ? undefined : classes[on],
      then:
        then === 'retry'
          ? {
              retry: {
                attempts,
                exhausted: exhausted === undefined ? undefined : ended(exhausted),
                ...(hasBefore ? { before } : {}),
              },
            }
          : ended(then),
    };
  });
  const [first, ...more] = made;
  if (first === undefined) throw new TypeError('a policy has a rule');
  return errorPolicy(first, ...more);
}

/** Says which item an error is about: the first number in the message of the innermost cause. */
function itemOf(error: unknown): number {
  if (error instanceof AggregateError) return itemOf(error.errors[0]);
  if (error instanceof PipelineError) return itemOf(error.cause);
  return Number((error as Error).message);
}

function build<TIn, TOut>(
  builder: PipelineBuilder<TIn, TOut>,
  { nodes, byDefault: drawn, tolerance: tolerated }: DrawnPipeline,
  path: string,
  from: ReturnType<typeof builder.addSource<number>>,
  schedule: Schedule,
  cancel?: DrawnCancel,
) {
  let last = from;
  for (const [index, { policy, concurrency, isAsync, child }] of nodes.entries()) {
    const name = String(index);
    const place = `${path}/${name}`;
    const effective = policy && { errorPolicy: policyOf(policy, place, schedule) };
    const step = (item: number, context: PipelineContext): number => {
      if (cancel?.place === place && cancel.item === item) context.run.cancel();
      const thrown = context.signal.aborted ? 'Broken' : schedule(place, item);
      if (thrown !== undefined) throw new classes[thrown](String(item));
      return item;
    };
    const options = { name, concurrency, from: last, ...effective };
    last =
      child === undefined
        ? builder.addTransform(
            isAsync
              ? (item: number, context: PipelineContext) => Promise.resolve().then(() => step(item, context))
              : step,
            options,
          )
        : builder.addComposite(
            definePipeline<number, number>(`child-${place.replaceAll('/', '-')}`, (inner) => {
              const end = build(inner, child, place, inner.addCompositeInput(), schedule, cancel);
              inner.addCompositeOutput({ from: end });
            }),
            options,
          );
  }
  if (drawn !== undefined) {
    builder.errorPolicy(policyOf(drawn.rules, path, schedule) as ErrorPolicy, {
      children: drawn.children,
    });
  }
  if (tolerated !== undefined) builder.tolerate({ ...tolerated.limit, counts: tolerated.counts });
  return last;
}

test('every input ends exactly once, at the place and in the way that the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(
      roots,
      fc.integer(),
      fc.constantFrom(5, 10, 30, 60),
      fc.constantFrom(1, 40),
      async (root, seed, percent, size) => {
        const items = range(1, size);
        const model = new PolicyModel(scheduleOf(seed, percent));
        model.run(root, items);

        const schedule = scheduleOf(seed, percent);
        const outputs: number[] = [];
        const letters = new KeptLetters();
        const Root = definePipeline('root', (builder) => {
          const source = builder.addSource(items, 'source');
          const end = build(builder, root, 'root', source, schedule);
          builder.addSink((item: number) => outputs.push(item), { name: 'sink', from: end });
        });
        const result = await runPipeline(Root, { deadLetterSink: letters }).catch((error: unknown) => {
          if (error instanceof PipelineError && error.code === 'ITEMS_FAILED') return resultOf(error);
          throw error;
        });

        for (const [path, counts] of model.counts)
          expect({ path, ...result.nodes.get(path) }).toMatchObject({ path, ...counts });
        expect(outputs).toEqual(model.outputs);
        expect(letters.envelopes.map(({ decidedAt, item }) => `${decidedAt} ${String(item)}`).sort()).toEqual(
          [...model.letters].sort(),
        );
        expect(result.failures.total).toBe(model.failures);
        expect(result.status).toBe(model.status);
        expectBalanced(result);
      },
    ),
    { numRuns: 400 },
  );
});

test('what ends the run, or what it tolerates, ends every input exactly once too', async () => {
  await fc.assert(
    fc.asyncProperty(
      endingPipelineOf(2),
      fc.integer(),
      fc.constantFrom(1, 3, 10, 30),
      fc.constantFrom(1, 40),
      fc.option(fc.record({ place: fc.nat(), item: fc.integer({ min: 1, max: 40 }) }), { nil: undefined }),
      async (root, seed, percent, size, drawnCancel) => {
        const places = transformsOf(root, 'root');
        const cancel = drawnCancel && {
          place: places[drawnCancel.place % places.length] ?? '',
          item: drawnCancel.item,
        };
        const items = range(1, size);
        const model = new PolicyModel(scheduleOf(seed, percent), cancel);
        model.run(root, items);

        const schedule = scheduleOf(seed, percent);
        const outputs: number[] = [];
        const letters = new KeptLetters();
        const Root = definePipeline('root', (builder) => {
          const source = builder.addSource(items, 'source');
          const end = build(builder, root, 'root', source, schedule, cancel);
          builder.addSink((item: number) => outputs.push(item), { name: 'sink', from: end });
        });
        const { result } = await outcomeOf(runPipeline(Root, { deadLetterSink: letters }));

        for (const [path, counts] of model.counts)
          expect({ path, ...result.nodes.get(path) }).toMatchObject({ path, ...counts });
        expect(result.nodes.get('root/source')?.in).toBe(model.pulled);
        expect(outputs).toEqual(model.outputs);
        expect(letters.envelopes.map(({ decidedAt, item }) => `${decidedAt} ${String(item)}`)).toEqual(
          model.letters,
        );
        expect([result.status, result.failures.total]).toEqual([model.status, model.failures]);
        expectBalanced(result);
      },
    ),
    { numRuns: 600 },
  );
});
