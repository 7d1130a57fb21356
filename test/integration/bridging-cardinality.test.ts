import { describe, expect, it } from 'vitest';
import {
  SKIP,
  errorPolicy,
  fixed,
  runPipeline,
  type DeadLetterEnvelope,
  type ItemCompositeOptions,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { gate, rejectionOf, subPipeline, throughChild, turn, wrapping } from './support/pipelines.js';

/** A sub-pipeline that emits, for each number, what the given function yields for it. */
function emitting(
  outputs: (item: number) => Iterable<string> | AsyncIterable<string>,
): new () => PipelineDefinition<number, string> {
  return class Emitting implements PipelineDefinition<number, string> {
    define(builder: PipelineBuilder<number, string>): void {
      const input = builder.addCompositeInput();
      const emit = builder.addStreamTransform(async function* (items: AsyncIterable<number>) {
        for await (const item of items) yield* outputs(item);
      }, 'emit');
      builder.connect(input, emit).connect(emit, builder.addCompositeOutput());
    }
  };
}

/** As many outputs as the item says: 2 → '2a', '2b'. */
const counted = (): new () => PipelineDefinition<number, string> =>
  emitting((item) => ['a', 'b', 'c'].slice(0, item).map((letter) => `${item}${letter}`));

const skipping = errorPolicy({ then: 'skip' });

describe('output: one, the default', () => {
  it('passes the one output of each child', async () => {
    const { Root, received } = throughChild([1, 1], counted());
    await runPipeline(Root);

    expect(received).toEqual(['1a', '1a']);
  });

  it.each([
    ['emits nothing', counted()],
    ['filters the item with SKIP', subPipeline((): string | typeof SKIP => SKIP)],
  ])(
    'fails the item with COMPOSITE_NO_OUTPUT, which proposes optional, if the child %s',
    async (_title, Child) => {
      const { Root } = throughChild([0], Child as new () => PipelineDefinition<number, string>);

      const error = await rejectionOf(runPipeline(Root));

      expect(error.code).toBe('COMPOSITE_NO_OUTPUT');
      expect(error.path).toBe('Root/child');
      expect(error.message).toContain('optional');
      expect(error.result?.nodes.get('Root/child')).toMatchObject({ in: 1, out: 0, failed: 1 });
    },
  );

  it('fails the item with COMPOSITE_MULTIPLE_OUTPUTS at a second output', async () => {
    const { Root } = throughChild([2], counted(), { output: 'one' });

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('COMPOSITE_MULTIPLE_OUTPUTS');
    expect(error.path).toBe('Root/child');
    expect(error.result?.nodes.get('Root/child')).toMatchObject({ in: 1, out: 0, failed: 1 });
  });

  it('leaves both failures to the policy of the composite', async () => {
    const { Root, received } = throughChild([1, 0, 2, 1], counted(), { errorPolicy: skipping });

    const result = await runPipeline(Root);

    expect(received).toEqual(['1a', '1a']);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 4, out: 2, filtered: 2, failed: 0 });
  });

  it('lets a policy tell them apart by code', async () => {
    const onlyMissing = errorPolicy({ on: 'COMPOSITE_NO_OUTPUT', then: 'skip' });
    const tolerated = throughChild([0, 1], counted(), { errorPolicy: onlyMissing });
    await runPipeline(tolerated.Root);
    expect(tolerated.received).toEqual(['1a']);

    const refused = throughChild([2], counted(), { errorPolicy: onlyMissing });
    expect((await rejectionOf(runPipeline(refused.Root))).code).toBe('COMPOSITE_MULTIPLE_OUTPUTS');
  });
});

describe('output: optional', () => {
  it('filters out an item whose child gives nothing', async () => {
    const { Root, received } = throughChild([1, 0, 1], counted(), { output: 'optional' });

    const result = await runPipeline(Root);

    expect(received).toEqual(['1a', '1a']);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 2, filtered: 1, failed: 0 });
  });

  it('filters out an item that the child filters with SKIP', async () => {
    const Child = subPipeline((item: number) => (item % 2 === 0 ? SKIP : item));
    const { Root, received } = throughChild([1, 2, 3], Child, { output: 'optional' });

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });
});

describe('output: many', () => {
  it('emits all outputs of each child, in order', async () => {
    const { Root, received } = throughChild([2, 0, 3, 1], counted(), { output: 'many' });

    const result = await runPipeline(Root);

    expect(received).toEqual(['2a', '2b', '3a', '3b', '3c', '1a']);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 4, emitted: 6, failed: 0 });
  });

  it('keeps the order of the inputs also with concurrency', async () => {
    const Child = emitting(async function* (item) {
      for (let turns = item; turns < 5; turns += 1) await turn();
      yield `${item}a`;
      await turn();
      yield `${item}b`;
    });
    const { Root, received } = throughChild([1, 2, 3, 4], Child, { output: 'many', concurrency: 4 });

    await runPipeline(Root);

    expect(received).toEqual(['1a', '1b', '2a', '2b', '3a', '3b', '4a', '4b']);
  });

  it('lets outputs leave as they come under the policy fail', async () => {
    const firstArrived = gate();
    const Child = emitting(async function* () {
      yield 'a';
      await firstArrived.opened;
      yield 'b';
    });
    const received: string[] = [];
    class Root implements PipelineDefinition {
      define(builder: PipelineBuilder): void {
        const child = builder.addComposite(Child, {
          name: 'child',
          from: builder.addSource([1]),
          output: 'many',
        });
        const sink = builder.addSink((item: string) => {
          received.push(item);
          firstArrived.open();
        });
        builder.connect(child, sink);
      }
    }

    await runPipeline(Root);

    expect(received).toEqual(['a', 'b']);
  });

  it('has let out what came before a failure under the policy fail', async () => {
    const Child = emitting(function* () {
      yield 'a';
      throw new Error('half-way');
    });
    const { Root, received } = throughChild([1], Child, { output: 'many' });

    expect((await rejectionOf(runPipeline(Root))).code).toBe('NODE_FAILED');
    expect(received).toEqual(['a']);
  });

  it('holds a child’s outputs until it succeeds where the policy can skip', async () => {
    const Child = emitting(function* (item) {
      yield `${item}a`;
      yield `${item}b`;
      if (item === 1) throw new Error('too late');
    });
    const { Root, received } = throughChild([1, 2], Child, {
      output: 'many',
      errorPolicy: skipping,
    });

    const result = await runPipeline(Root);

    expect(received).toEqual(['2a', '2b']);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 2, out: 1, filtered: 1, emitted: 2 });
  });

  it('holds them where the policy can retry: what a failed attempt emitted is gone', async () => {
    let attempts = 0;
    const Child = emitting(function* () {
      attempts += 1;
      yield `attempt ${attempts}`;
      if (attempts < 3) throw new Error('again');
      yield 'done';
    });
    const { Root, received } = throughChild([1], Child, {
      output: 'many',
      errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(1) } } }),
    });

    await runPipeline(Root);

    expect(received).toEqual(['attempt 3', 'done']);
  });
});

describe('output: first and last', () => {
  it('first passes the first output and drops the others, last the last', async () => {
    const first = throughChild([3, 1, 2], counted(), { output: 'first' });
    const last = throughChild([3, 1, 2], counted(), { output: 'last' });

    const result = await runPipeline(first.Root);
    await runPipeline(last.Root);

    expect(first.received).toEqual(['3a', '1a', '2a']);
    expect(last.received).toEqual(['3c', '1a', '2b']);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 3, emitted: 3 });
  });

  it.each(['first', 'last'] as const)('%s lets the child run to its end', async (output) => {
    const log: string[] = [];
    const Child = emitting(async function* () {
      yield 'a';
      log.push('after the first');
      await turn();
      yield 'b';
      log.push('after the second');
    });
    const { Root } = throughChild([1], Child, { output });

    await runPipeline(Root);

    expect(log).toEqual(['after the first', 'after the second']);
  });

  it.each(['first', 'last'] as const)('%s fails an item without output as one does', async (output) => {
    const { Root } = throughChild([0], counted(), { output });

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('COMPOSITE_NO_OUTPUT');
    expect(error.path).toBe('Root/child');
  });
});

describe('An item that an error policy inside the child has handled', () => {
  const outputs = ['one', 'optional', 'many', 'first', 'last'] as const;

  function childWith(then: 'skip' | 'deadLetter'): new () => PipelineDefinition<number, number> {
    return subPipeline(
      (item: number) => {
        if (item === 2) throw new Error('not two');
        return item;
      },
      { errorPolicy: errorPolicy({ then }) },
    );
  }

  it.each(outputs)('by skipping is filtered in the parent under %s, and later items run', async (output) => {
    const options: ItemCompositeOptions<number> = { output };
    const { Root, received } = throughChild([1, 2, 3], childWith('skip'), options);

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 2, filtered: 1, failed: 0 });
    expect(result.nodes.get('Root/child/work')).toMatchObject({ in: 3, out: 2, filtered: 1 });
  });

  it.each(outputs)(
    'by a dead letter is filtered in the parent under %s, and later items run',
    async (output) => {
      const letters: DeadLetterEnvelope[] = [];
      const { Root, received } = throughChild([1, 2, 3], childWith('deadLetter'), { output });

      const result = await runPipeline(Root, {
        deadLetterSink: { write: (envelope) => letters.push(envelope) },
      });

      expect(received).toEqual([1, 3]);
      expect(result.nodes.get('Root/child')).toMatchObject({
        in: 3,
        out: 2,
        filtered: 1,
        deadLettered: 0,
        failed: 0,
      });
      expect(result.nodes.get('Root/child/work')).toMatchObject({ in: 3, out: 2, deadLettered: 1 });
      expect(letters.map((letter) => [letter.item, letter.path])).toEqual([[2, 'Root/child/work']]);
    },
  );

  it('is handled also for the levels above: nothing fails anywhere', async () => {
    const Inner = childWith('skip');
    class Outer implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const inner = builder.addComposite(Inner, {
          name: 'inner',
          from: builder.addCompositeInput(),
        });
        builder.connect(inner, builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1, 2, 3], Outer);

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child/inner')).toMatchObject({ filtered: 1, failed: 0 });
    expect(result.nodes.get('Root/child')).toMatchObject({ filtered: 1, failed: 0 });
  });

  it('is handled also where a composite of stream granularity lies in between', async () => {
    class Outer implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const inner = builder.addComposite(childWith('skip'), {
          name: 'inner',
          from: builder.addCompositeInput(),
          granularity: 'stream',
        });
        builder.connect(inner, builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1, 2, 3], Outer);

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, filtered: 1, failed: 0 });
  });

  it('is not handled where the child merely filtered it: that is no output', async () => {
    const Inner = subPipeline((item: number) => (item === 2 ? SKIP : item));
    const { Root, received } = throughChild([1, 2], wrapping(Inner, { output: 'optional' }));

    const error = await rejectionOf(runPipeline(Root));

    expect([error.code, error.path]).toEqual(['COMPOSITE_NO_OUTPUT', 'Root/child']);
    expect(received).toEqual([1]);
  });
});
