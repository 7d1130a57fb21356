import { describe, expect, it } from 'vitest';
import {
  errorPolicy,
  fixed,
  runPipeline,
  type DeadLetterEnvelope,
  type PipelineBuilder,
  type PipelineDefinition,
} from 'heirline';
import { rejectionOf, subPipeline, throughChild, wrapping } from './support/pipelines.js';

/** Fails the item 2, with the given error. */
function failingAtTwo(error: unknown): new () => PipelineDefinition<number, number> {
  return subPipeline((item: number) => {
    if (item === 2) throw error;
    return item;
  });
}

describe('The failure of a child', () => {
  it('reaches the parent as one error with the path of the failing node and the original as cause', async () => {
    const original = new RangeError('two');
    const { Root, received } = throughChild([1, 2, 3], wrapping(failingAtTwo(original)));

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/child/inner/work');
    expect(error.cause).toBe(original);
    expect(received).toEqual([1]);
    expect(error.result?.status).toBe('failed');
    expect(error.result?.nodes.get('Root/child/inner/work')).toMatchObject({ in: 2, out: 1, failed: 1 });
    expect(error.result?.nodes.get('Root/child/inner')).toMatchObject({ in: 2, out: 1, failed: 1 });
    expect(error.result?.nodes.get('Root/child')).toMatchObject({ in: 2, out: 1, failed: 1 });
  });

  it.each([
    ['a string', 'just text'],
    ['undefined', undefined],
    ['null', null],
    ['a plain object', { reason: 'none' }],
  ])('keeps what was thrown as it is: %s', async (_title, thrown) => {
    const { Root } = throughChild([2], failingAtTwo(thrown));

    const error = await rejectionOf(runPipeline(Root));

    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/child/work');
    expect(error.cause).toBe(thrown);
  });

  it('is decided by the composite’s own policy: skip', async () => {
    const { Root, received } = throughChild([1, 2, 3], failingAtTwo(new Error('two')), {
      errorPolicy: errorPolicy({ then: 'skip' }),
    });

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 2, filtered: 1, failed: 0 });
    expect(result.nodes.get('Root/child/work')).toMatchObject({ in: 3, out: 2, failed: 1 });
  });

  it('is decided by the composite’s own policy: a dead letter of the parent’s item', async () => {
    const letters: DeadLetterEnvelope[] = [];
    class Wrapped implements PipelineDefinition<{ id: number }, number> {
      define(builder: PipelineBuilder<{ id: number }, number>): void {
        const input = builder.addCompositeInput();
        const id = builder.addTransform((order) => order.id, { name: 'id', from: input });
        const check = builder.addComposite(failingAtTwo(new Error('two')), {
          name: 'check',
          from: id,
        });
        builder.connect(check, builder.addCompositeOutput());
      }
    }
    const orders = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const { Root, received } = throughChild(orders, Wrapped, {
      errorPolicy: errorPolicy({ then: 'deadLetter' }),
    });

    const result = await runPipeline(Root, {
      deadLetterSink: { write: (envelope) => letters.push(envelope) },
    });

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 3, out: 2, deadLettered: 1 });
    expect(letters).toHaveLength(1);
    expect(letters[0]?.item).toEqual({ id: 2 });
    expect(letters[0]?.path).toBe('Root/child/check/work');
    expect(letters[0]?.decidedAt).toBe('Root/child');
  });

  it('is decided by the composite’s own policy: retry runs the whole child again, under a new pipelineId', async () => {
    const tries: [string, string][] = [];
    class Child implements PipelineDefinition<number, number> {
      define(builder: PipelineBuilder<number, number>): void {
        const input = builder.addCompositeInput();
        const first = builder.addTransform(
          (item: number, context) => {
            tries.push(['first', context.pipelineId]);
            return item;
          },
          { name: 'first', from: input },
        );
        const second = builder.addTransform(
          (item, context) => {
            tries.push(['second', context.pipelineId]);
            if (tries.length < 6) throw new Error('not yet');
            return item;
          },
          { name: 'second', from: first },
        );
        builder.connect(second, builder.addCompositeOutput());
      }
    }
    const { Root, received } = throughChild([1], Child, {
      errorPolicy: errorPolicy({ then: { retry: { attempts: 3, delay: fixed(1) } } }),
    });

    const result = await runPipeline(Root);

    expect(received).toEqual([1]);
    expect(tries.map(([name]) => name)).toEqual(['first', 'second', 'first', 'second', 'first', 'second']);
    expect(new Set(tries.map(([, pipelineId]) => pipelineId)).size).toBe(3);
    expect(result.nodes.get('Root/child')).toMatchObject({ in: 1, out: 1, failed: 0, retried: 2 });
  });

  it('starts every attempt with the parent’s values, not with what the failed one wrote', async () => {
    const seen: unknown[] = [];
    let attempts = 0;
    const Child = subPipeline((item: number, context) => {
      seen.push(context.parameters.toObject());
      context.parameters.set('dirty', true);
      attempts += 1;
      if (attempts === 1) throw new Error('again');
      return item;
    });
    const { Root } = throughChild([1], Child, {
      contextConfiguration: { inheritParentParameters: true },
      errorPolicy: errorPolicy({ then: { retry: { attempts: 2, delay: fixed(1) } } }),
    });

    await runPipeline(Root, { parameters: { rate: 1 } });

    expect(seen).toEqual([{ rate: 1 }, { rate: 1 }]);
  });

  it('fails the run under the policy fail, the default', async () => {
    const { Root } = throughChild([2], failingAtTwo(new Error('two')), {
      errorPolicy: errorPolicy({ then: 'fail' }),
    });

    expect((await rejectionOf(runPipeline(Root))).code).toBe('NODE_FAILED');
  });

  it('asks the nearest policy first, then the next level up', async () => {
    const { Root, received } = throughChild(
      [1, 2, 3],
      wrapping(failingAtTwo(new RangeError('two')), {
        errorPolicy: errorPolicy({ on: TypeError, then: 'skip' }),
      }),
      { errorPolicy: errorPolicy({ on: RangeError, then: 'skip' }) },
    );

    const result = await runPipeline(Root);

    expect(received).toEqual([1, 3]);
    expect(result.nodes.get('Root/child/inner')).toMatchObject({ failed: 1 });
    expect(result.nodes.get('Root/child')).toMatchObject({ filtered: 1, failed: 0 });
  });

  it('that comes from its with callback is a failure of the composite, for its policy to decide', async () => {
    const original = new Error('no values for two');
    const child = subPipeline((item: number) => item);
    const values = (item: number): { parameters: { item: number } } => {
      if (item === 2) throw original;
      return { parameters: { item } };
    };
    const failing = throughChild([1, 2, 3], child, { with: values });
    const skipping = throughChild([1, 2, 3], child, {
      with: values,
      errorPolicy: errorPolicy({ then: 'skip' }),
    });

    const error = await rejectionOf(runPipeline(failing.Root));
    expect(error.code).toBe('NODE_FAILED');
    expect(error.path).toBe('Root/child');
    expect(error.cause).toBe(original);

    await runPipeline(skipping.Root);
    expect(skipping.received).toEqual([1, 3]);
  });

  it('dead-lettered where no sink is in scope is a failure whose message says so', async () => {
    const { Root } = throughChild([2], failingAtTwo(new Error('two')), {
      errorPolicy: errorPolicy({ then: 'deadLetter' }),
    });

    const error = await rejectionOf(runPipeline(Root));

    expect(error.message).toMatch(/dead.?letter/i);
    expect(error.result?.nodes.get('Root/child')).toMatchObject({ deadLettered: 0, failed: 1 });
  });
});
