import { describe, expect, test } from 'vitest';
import {
  errorPolicy,
  MemoryLineageSink,
  runPipeline,
  SKIP,
  type LineageOptions,
  type LineageRecord,
  type NoItem,
} from 'heirline';
import {
  definePipeline,
  defineStep,
  KeptLetters,
  nextTurn,
  range,
  throwAnything,
  type DefinitionClass,
} from './support/harness.js';

const ignore = (): void => undefined;

async function recordsOf(
  definition: DefinitionClass<NoItem, NoItem>,
  options: Partial<LineageOptions> = {},
  deadLetterSink = new KeptLetters(),
): Promise<readonly LineageRecord[]> {
  const sink = new MemoryLineageSink();
  await runPipeline(definition, { lineage: { sink, ...options }, deadLetterSink, run: { runId: 'r' } }).catch(
    ignore,
  );
  return sink.records;
}

/** The ends as `id outcome path`, by id. */
const endsOf = (records: readonly LineageRecord[]): string[] =>
  records
    .filter(({ terminal }) => terminal)
    .map(({ correlationId, outcome, path }) => `${correlationId} ${outcome} ${path}`)
    .sort();

const wayOf = (records: readonly LineageRecord[], id: string): string[] =>
  records
    .filter(({ correlationId, terminal }) => terminal && correlationId === id)
    .flatMap(({ traversal }) => traversal.map(({ path }) => path));

/** A child that gives each item as often as its value says. */
const Times = definePipeline<number, number>('times', (builder) => {
  const times = builder.addStreamTransform(
    async function* (items: AsyncIterable<number>) {
      for await (const item of items) for (const copy of range(1, item)) yield copy;
    },
    { name: 'times', from: builder.addCompositeInput() },
  );
  builder.connect(times, builder.addCompositeOutput());
});

describe.each([
  ['leave as they come', undefined],
  ['are held until the child has succeeded', errorPolicy('skip')],
])('outputs of a composite that %s', (_, policy) => {
  const many = (items: readonly number[], step: (item: number) => number | typeof SKIP = (item) => item) =>
    definePipeline('root', (builder) => {
      const child = builder.addComposite(Times, {
        name: 'child',
        from: builder.addSource(items, 'read'),
        output: 'many',
        errorPolicy: policy,
      });
      const check = builder.addTransform(step, {
        name: 'check',
        from: child,
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(check, builder.addSink(ignore, 'save'));
    });

  test('are items of their own from two on, made of the item that the composite took', async () => {
    const records = await recordsOf(many([0, 1, 3]));

    expect(endsOf(records)).toEqual([
      'r#1 filtered root/child',
      'r#2 emitted root/save',
      'r#3 emitted root/child',
      'r#3.1 emitted root/save',
      'r#3.2 emitted root/save',
      'r#3.3 emitted root/save',
    ]);
    expect(records.find(({ correlationId }) => correlationId === 'r#3.2')).toMatchObject({
      contributors: ['r#3'],
      contributorCount: 1,
    });
    expect(wayOf(records, 'r#3.2')).toEqual(['root/child', 'root/check', 'root/save']);
    expect(wayOf(records, 'r#2')).toEqual([
      'root/read',
      'root/child',
      'root/child/input',
      'root/child/times',
      'root/child/output',
      'root/check',
      'root/save',
    ]);
    const taken = records.find(({ correlationId }) => correlationId === 'r#3');
    expect(taken?.traversal.find(({ path }) => path === 'root/child')).toMatchObject({
      outputs: 3,
      cardinality: 'many',
    });
  });

  test('end each on its own', async () => {
    const letters = new KeptLetters();
    const ends = (item: number) =>
      item === 2 ? SKIP : item === 3 ? throwAnything(new Error('three')) : item;
    const records = await recordsOf(many([3], ends), {}, letters);

    expect(endsOf(records)).toEqual([
      'r#1 emitted root/child',
      'r#1.1 emitted root/save',
      'r#1.2 filtered root/check',
      'r#1.3 deadLettered root/check',
    ]);
    expect(letters.envelopes.map(({ correlationId }) => correlationId)).toEqual(['r#1.3']);
  });

  test('are the same with a record for each node', async () => {
    const all = await recordsOf(many([0, 1, 3]), { capture: 'all' });

    expect(endsOf(all)).toEqual(endsOf(await recordsOf(many([0, 1, 3]))));
    for (const id of ['r#2', 'r#3.2']) {
      const passed = all.filter(({ correlationId, terminal }) => correlationId === id && !terminal);
      expect(passed.map(({ path }) => path).sort()).toEqual([...wayOf(all, id)].sort());
    }
  });

  test('are branches of the item in the child of another composite', async () => {
    const Outer = definePipeline<number, number>('outer', (builder) => {
      const inner = builder.addComposite(Times, {
        name: 'inner',
        from: builder.addCompositeInput(),
        output: 'many',
        errorPolicy: policy,
      });
      builder.connect(inner, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const outer = builder.addComposite(Outer, {
        name: 'outer',
        from: builder.addSource([1, 2], 'read'),
        output: 'many',
      });
      builder.connect(outer, builder.addSink(ignore, 'save'));
    });

    expect(endsOf(await recordsOf(Root))).toEqual([
      'r#1 emitted root/save',
      'r#2 emitted root/outer',
      'r#2.1 emitted root/save',
      'r#2.2 emitted root/save',
    ]);
  });
});

test('outputs of several branches of one item, made by one composite, have ids of their own', async () => {
  const Root = definePipeline('root', (builder) => {
    const read = builder.addSource([2], 'read');
    const child = builder.addComposite(Times, { name: 'child', output: 'many' });
    for (const name of ['one', 'other'])
      builder.connect(
        builder.addTransform((item: number) => item, { name, from: read }),
        child,
      );
    builder.connect(child, builder.addSink(ignore, 'save'));
  });

  expect(endsOf(await recordsOf(Root))).toEqual([
    'r#1 emitted root/child',
    'r#1.1 emitted root/save',
    'r#1.2 emitted root/save',
    'r#1.3 emitted root/save',
    'r#1.4 emitted root/save',
  ]);
});

test('an output that has left a child that fails afterwards is a branch of the item, which ends as the error', async () => {
  const Failing = definePipeline<number, number>('failing', (builder) => {
    const spread = builder.addStreamTransform(
      async function* (items: AsyncIterable<number>) {
        for await (const item of items) {
          yield item;
          throw new RangeError('after the first');
        }
      },
      { name: 'spread', from: builder.addCompositeInput() },
    );
    builder.connect(spread, builder.addCompositeOutput());
  });
  const Root = definePipeline('root', (builder) => {
    const child = builder.addComposite(Failing, {
      name: 'child',
      from: builder.addSource([1], 'read'),
      output: 'many',
    });
    builder.connect(child, builder.addSink(ignore, 'save'));
  });
  const records = await recordsOf(Root);

  expect(endsOf(records)).toEqual(['r#1 error root/child/spread']);
  expect(records[0]?.error).toEqual({ code: 'NODE_FAILED', name: 'RangeError' });
});

describe('an item whose failure ends the run', () => {
  const failing = (granularity: 'item' | 'stream') =>
    definePipeline('root', (builder) => {
      const Inner = defineStep<number, number>('inner', 'step', (item) =>
        item === 2 ? throwAnything(new RangeError('two')) : item,
      );
      const Outer = definePipeline<number, number>('outer', (outer) => {
        const inner = outer.addComposite(Inner, {
          name: 'inner',
          from: outer.addCompositeInput(),
          granularity,
        });
        outer.connect(inner, outer.addCompositeOutput());
      });
      const child = builder.addComposite(Outer, {
        name: 'outer',
        from: builder.addSource([1, 2], 'read'),
        granularity,
      });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });

  test.each(['item', 'stream'] as const)(
    'ends at the node that failed: granularity %s',
    async (granularity) => {
      const records = await recordsOf(failing(granularity));

      expect(endsOf(records)).toEqual(['r#1 emitted root/save', 'r#2 error root/outer/inner/step']);
      const ended = records.find(({ outcome }) => outcome === 'error');
      expect(ended?.error).toEqual({ code: 'NODE_FAILED', name: 'RangeError' });
      expect(ended?.pipelineName).toBe('inner');
      expect(wayOf(records, 'r#2')).toEqual([
        'root/read',
        'root/outer',
        'root/outer/input',
        'root/outer/inner',
        'root/outer/inner/input',
      ]);
    },
  );

  test('after tries of a composite has the way of the last one', async () => {
    let tries = 0;
    const Root = definePipeline('root', (builder) => {
      const Child = definePipeline<number, number>('child', (child) => {
        const first = child.addTransform((item: number) => item, {
          name: 'first',
          from: child.addCompositeInput(),
        });
        const second = child.addTransform(
          (item: number) =>
            (tries += 1) < 3 ? throwAnything(new Error('busy')) : throwAnything(new TypeError(`${item}`)),
          { name: 'second', from: first },
        );
        child.connect(second, child.addCompositeOutput());
      });
      const child = builder.addComposite(Child, {
        name: 'child',
        from: builder.addSource([1], 'read'),
        errorPolicy: errorPolicy({ then: { retry: { attempts: 3 } } }),
      });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });
    const [ended] = await recordsOf(Root);

    expect(ended).toMatchObject({
      outcome: 'error',
      path: 'root/child/second',
      error: { name: 'TypeError' },
    });
    expect(ended?.traversal.map(({ path, attempts }) => `${path} ${String(attempts)}`)).toEqual([
      'root/read 1',
      'root/child 3',
      'root/child/input 1',
      'root/child/first 1',
    ]);
  });

  test('is an error at the composite where that is what went wrong', async () => {
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(
        defineStep<number, number>('child', 'step', () => SKIP as unknown as number),
        {
          name: 'child',
          from: builder.addSource([1], 'read'),
        },
      );
      builder.connect(child, builder.addSink(ignore, 'save'));
    });

    expect(await recordsOf(Root)).toMatchObject([
      { outcome: 'error', path: 'root/child', error: { code: 'COMPOSITE_NO_OUTPUT' } },
    ]);
  });
});

describe('an item on several ways', () => {
  const split = (one: (item: number) => unknown, other: (item: number) => unknown) =>
    definePipeline('root', (builder) => {
      const read = builder.addSource([1], 'read');
      for (const [name, step] of Object.entries({ one, other })) {
        const stepped = builder.addTransform(
          async (item: number) => {
            if (name === 'other') await nextTurn();
            return step(item);
          },
          { name, from: read, errorPolicy: errorPolicy('deadLetter') },
        );
        builder.connect(stepped, builder.addSink(ignore, `save-${name}`));
      }
    });

  test('ends as the weightiest, with the way of that alone', async () => {
    const records = await recordsOf(split(() => throwAnything(new Error('one')), Number));

    expect(endsOf(records)).toEqual(['r#1 deadLettered root/one']);
    expect(wayOf(records, 'r#1')).toEqual(['root/read']);
  });

  test('ends as the last of those that weigh the same', async () => {
    const records = await recordsOf(split(Number, Number));

    expect(endsOf(records)).toEqual(['r#1 emitted root/save-other']);
    expect(wayOf(records, 'r#1')).toEqual(['root/read', 'root/other', 'root/save-other']);
  });

  test('in a child counts with the ends that are there', async () => {
    const Child = definePipeline<number, number>('child', (builder) => {
      const input = builder.addCompositeInput();
      const broken = builder.addTransform(() => throwAnything(new Error('broken')), {
        name: 'broken',
        from: input,
        errorPolicy: errorPolicy('deadLetter'),
      });
      builder.connect(broken, builder.addSink(ignore, 'aside'));
      builder.connect(input, builder.addCompositeOutput());
    });
    const Root = definePipeline('root', (builder) => {
      const child = builder.addComposite(Child, { name: 'child', from: builder.addSource([1], 'read') });
      builder.connect(child, builder.addSink(ignore, 'save'));
    });

    expect(endsOf(await recordsOf(Root))).toEqual(['r#1 deadLettered root/child/broken']);
  });
});

describe('a source of a child', () => {
  test.each(['item', 'stream'] as const)(
    'has items of its own, each with one end: granularity %s',
    async (granularity) => {
      const Child = definePipeline<number, number>('child', (builder) => {
        const own = builder.addSource([10, 20], 'own');
        const output = builder.addCompositeOutput();
        builder.connect(builder.addCompositeInput(), output);
        builder.connect(own, output);
      });
      const Root = definePipeline('root', (builder) => {
        const child = builder.addComposite(
          Child,
          granularity === 'item'
            ? { name: 'child', from: builder.addSource([1], 'read'), output: 'many' }
            : { name: 'child', from: builder.addSource([1], 'read'), granularity },
        );
        builder.connect(child, builder.addSink(ignore, 'save'));
      });
      const records = await recordsOf(Root);

      const terminals = records.filter(({ terminal }) => terminal);
      expect(new Set(terminals.map(({ correlationId }) => correlationId)).size).toBe(terminals.length);
      expect(terminals.filter(({ outcome }) => outcome === 'dropped')).toEqual([]);
    },
  );
});

describe('what a child makes that keeps no lineage', () => {
  test.each(['item', 'stream'] as const)(
    'ends with the item that went in: granularity %s',
    async (granularity) => {
      const Root = definePipeline('root', (builder) => {
        const child = builder.addComposite(defineStep<number, number>('child', 'step', Number), {
          name: 'child',
          from: builder.addSource([1, 2], 'read'),
          granularity,
          contextConfiguration: { inheritLineageSink: false },
        });
        builder.connect(child, builder.addSink(ignore, 'save'));
      });
      const records = await recordsOf(Root, { capture: 'all' });

      expect(records.filter(({ path }) => path.startsWith('root/child/'))).toEqual([]);
      const made = granularity === 'item' ? [1, 2] : [2, 4];
      expect(endsOf(records).filter((end) => end.endsWith('root/save'))).toEqual(
        made.map((number) => `r#${String(number)} emitted root/save`),
      );
    },
  );
});

test('an item that is not sampled leaves no trace behind a stream composite either', async () => {
  const Root = definePipeline('root', (builder) => {
    const child = builder.addComposite(defineStep<number, number>('child', 'step', Number), {
      name: 'child',
      from: builder.addSource(range(1, 100), 'read'),
      granularity: 'stream',
    });
    builder.connect(child, builder.addSink(ignore, 'save'));
  });
  const every = await recordsOf(Root);
  const some = await recordsOf(Root, { sampleEvery: 10 });

  expect(some).toHaveLength(10);
  expect(endsOf(every)).toEqual(expect.arrayContaining(endsOf(some)));
});
