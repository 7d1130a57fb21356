// A pipeline's default policy: which nodes it decides about, and which of several is asked.

import { describe, expect, test } from 'vitest';
import { buildPipeline, errorPolicy, PipelineBuilder, runPipeline, type FinalDecision } from 'heirline';
import { countsAt, definePipeline, range, rejectionOf } from './support/harness.js';

interface Default {
  readonly then: FinalDecision;
  readonly children?: boolean;
}

const oddsFail = (item: number): number => {
  if (item % 2 === 1) throw new RangeError(`odd ${item}`);
  return item;
};

/** `outer` holds `middle`, which holds `step`; each pipeline may have a default. */
function nested(defaults: {
  readonly root?: Default;
  readonly outer?: Default;
  readonly middle?: Default;
  readonly step?: FinalDecision;
  readonly granularity?: 'stream';
}) {
  const set = (
    builder: { errorPolicy(policy: FinalDecision, options?: object): unknown },
    given?: Default,
  ) => {
    if (given !== undefined) builder.errorPolicy(given.then, { children: given.children });
  };
  const Middle = definePipeline<number, number>('middle-pipeline', (builder) => {
    set(builder, defaults.middle);
    const step = builder.addTransform(oddsFail, {
      name: 'step',
      from: builder.addCompositeInput(),
      errorPolicy: defaults.step,
    });
    builder.connect(step, builder.addCompositeOutput());
  });
  const Outer = definePipeline<number, number>('outer-pipeline', (builder) => {
    set(builder, defaults.outer);
    const input = builder.addCompositeInput();
    const middle = builder.addComposite(Middle, { name: 'middle', from: input, output: 'optional' });
    builder.connect(middle, builder.addCompositeOutput());
  });
  return definePipeline('root', (builder) => {
    const source = builder.addSource(range(1, 4), 'source');
    const outer =
      defaults.granularity === 'stream'
        ? builder.addComposite(Outer, { name: 'outer', from: source, granularity: 'stream' })
        : builder.addComposite(Outer, { name: 'outer', from: source, output: 'optional' });
    builder.addSink(() => undefined, { name: 'sink', from: outer });
    // After the nodes: it covers them all the same.
    set(builder, defaults.root);
  });
}

const LETTERS = { deadLetterSink: { write: () => undefined } };

/** The node that left the failed items out, by path: of the three levels the one with the decision. */
async function deciderOf(pipeline: ReturnType<typeof nested>) {
  const result = await runPipeline(pipeline, LETTERS);
  const paths = ['root/outer', 'root/outer/middle', 'root/outer/middle/step'];
  return paths.flatMap((path) => {
    const { failed, deadLettered } = countsAt(result, path);
    if (failed === 2) return [`${path} fail`];
    if (deadLettered === 2) return [`${path} deadLetter`];
    return [];
  });
}

describe('a default policy', () => {
  test('decides about nodes and composites of its own pipeline, and not below', async () => {
    expect(await deciderOf(nested({ root: { then: 'deadLetter' } }))).toEqual([
      'root/outer deadLetter',
      'root/outer/middle fail',
      'root/outer/middle/step fail',
    ]);
  });

  test('decides in children of every depth where it is said so, the innermost node first', async () => {
    expect(await deciderOf(nested({ root: { then: 'deadLetter', children: true } }))).toEqual([
      'root/outer/middle/step deadLetter',
    ]);
  });

  test('of a child goes before that of its parent', async () => {
    const root = { then: 'skip', children: true } as const;

    expect(await deciderOf(nested({ root, middle: { then: 'deadLetter' } }))).toEqual([
      'root/outer/middle/step deadLetter',
    ]);
    // The child's covers the child alone, so below it the parent's decides.
    expect(
      await deciderOf(nested({ root: { ...root, then: 'deadLetter' }, outer: { then: 'skip' } })),
    ).toEqual(['root/outer/middle/step deadLetter']);
    expect(await deciderOf(nested({ root, outer: { then: 'deadLetter', children: true } }))).toEqual([
      'root/outer/middle/step deadLetter',
    ]);
  });

  test('gives way to the policy of a node', async () => {
    const root = { then: 'skip', children: true } as const;

    expect(await deciderOf(nested({ root, step: 'deadLetter' }))).toEqual([
      'root/outer/middle/step deadLetter',
    ]);
  });

  test('reaches what is below a composite over the whole stream, and leaves that composite alone', async () => {
    const inside = nested({ root: { then: 'deadLetter', children: true }, granularity: 'stream' });
    expect(await deciderOf(inside)).toContain('root/outer/middle/step deadLetter');

    const error = await rejectionOf(
      runPipeline(nested({ root: { then: 'skip' }, granularity: 'stream' }), LETTERS),
    );
    expect(error).toMatchObject({ code: 'NODE_FAILED', path: 'root/outer/middle/step' });
  });

  test('has retries, as a policy of a node has', async () => {
    let tries = 0;
    const result = await runPipeline(
      definePipeline('root', (builder) => {
        builder.errorPolicy(errorPolicy({ then: { retry: { attempts: 3 } } }));
        builder.addSink(
          () => {
            tries += 1;
            if (tries < 3) throw new Error('busy');
          },
          { name: 'sink', from: builder.addSource([1], 'source') },
        );
      }),
    );

    expect(countsAt(result, 'root/sink')).toMatchObject({ out: 1, retried: 2 });
  });
});

describe('a wrong default policy is a problem of the build, with all the others', () => {
  test.each<[string, (builder: PipelineBuilder) => unknown, string]>([
    ['a second one', (builder) => builder.errorPolicy('skip').errorPolicy('fail'), 'can be called once'],
    ['no policy', (builder) => builder.errorPolicy('ignore' as 'skip'), 'was expected'],
    [
      'an unknown option',
      (builder) => builder.errorPolicy('skip', { child: true } as object),
      "there is no option 'child'",
    ],
    [
      'a wrong option',
      (builder) => builder.errorPolicy('skip', { children: 1 } as object),
      "'children' must be true or false",
    ],
  ])('%s', (_, call, words) => {
    const builder = new PipelineBuilder();
    builder.addSink(() => undefined, { from: builder.addSource([1]) });
    call(builder);

    expect(builder.validate().errors.map(({ code }) => code)).toEqual(['OPTION_INVALID']);
    expect(builder.validate().errors[0]?.message).toContain(words);
  });
});

test('a graph shows the default policies and tolerances of its pipelines, in text and drawings', () => {
  const Child = definePipeline<number, number>('child-pipeline', (builder) => {
    builder.tolerate({ ratio: 0.1, counts: ['deadLettered'] });
    builder.connect(builder.addCompositeInput(), builder.addCompositeOutput());
  });
  const Root = definePipeline('root', (builder) => {
    builder.errorPolicy(errorPolicy({ on: RangeError, then: 'skip' }), { children: true });
    const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'source') });
    builder.addSink(() => undefined, { name: 'sink', from: child });
  });
  const graph = buildPipeline(Root);
  expect(graph.settings).toEqual({ errorPolicy: 'RangeError → skip, children too' });
  const text = graph.describe().split('\n');
  expect(text[0]).toBe('root [errorPolicy=RangeError → skip, children too]');
  expect(text[2]).toContain(
    'child (composite child-pipeline [tolerate=0.1 of at least 100 items failed or deadLettered])',
  );
  const drawing = graph.toMermaid();
  expect(drawing).toMatch(
    /^---\ntitle: "root \(errorPolicy: RangeError → skip, children too\)"\n---\nflowchart LR/,
  );
  expect(drawing).toContain(
    'subgraph n1["child: child-pipeline (tolerate: 0.1 of at least 100 items failed or deadLettered)"]',
  );
  expect(graph.toDot()).toContain('label="root\\nerrorPolicy: RangeError → skip, children too"; labelloc=t');
});
