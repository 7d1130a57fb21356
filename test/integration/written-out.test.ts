import { describe, expect, test } from 'vitest';
import { errorPolicy, PipelineError, PipelineRunner, TransformNode, type PipelineBuilder } from 'heirline';

type Numbers = new (...args: never[]) => TransformNode<number, number>;

/** Runs a node class in a child for each of three items; what fails is skipped. */
async function run(Node: Numbers, codeGeneration: false | { after: number }): Promise<readonly number[]> {
  class Child {
    define(builder: PipelineBuilder<number, number>) {
      const node = builder.addTransform(Node, { name: 'node', from: builder.addCompositeInput() });
      builder.addCompositeOutput({ from: node });
    }
  }
  const seen: number[] = [];
  class Root {
    define(builder: PipelineBuilder) {
      const numbers = builder.addSource([1, 2, 3], 'numbers');
      const child = builder.addComposite(Child, {
        name: 'child',
        from: numbers,
        errorPolicy: errorPolicy({ then: 'skip' }),
      });
      builder.addSink((item: number) => void seen.push(item), { name: 'sink', from: child });
    }
  }
  await new PipelineRunner({ codeGeneration }).run(Root);
  return seen;
}

async function errorOf(running: Promise<unknown>): Promise<unknown> {
  return await running.catch((error: unknown) => error);
}

describe.each([
  ['in a loop', false],
  ['written out', { after: 0 }],
] as const)('node classes of a child, %s', (_, codeGeneration) => {
  test('are disposed also where to look for init throws', async () => {
    let disposed = 0;
    class Node extends TransformNode<number, number> {
      override dispose(): void {
        disposed += 1;
      }
      transform(item: number): number {
        return item;
      }
    }
    Object.defineProperty(Node.prototype, 'init', {
      get() {
        throw new RangeError('no init');
      },
    });

    expect(await run(Node, codeGeneration)).toEqual([]);
    expect(disposed).toBe(3);
  });

  test('are refused where a later instance is no node, and the others are made all the same', async () => {
    let made = 0;
    class Node extends TransformNode<number, number> {
      constructor() {
        super();
        made += 1;
        if (made === 2) return Object.create(null) as this;
      }
      transform(item: number): number {
        return item;
      }
    }
    const seen = await errorOf(run(Node, codeGeneration));

    // The composite skips the item whose child could not be made.
    expect(seen).toEqual([1, 3]);
  });

  test('say the same when a method is missing after all', async () => {
    class Node extends TransformNode<number, number> {
      transform(item: number): number {
        return item;
      }
    }
    class Root {
      define(builder: PipelineBuilder) {
        const node = builder.addTransform(Node, { name: 'node', from: builder.addSource([1], 'numbers') });
        builder.addSink(() => undefined, { name: 'sink', from: node });
      }
    }
    const runner = new PipelineRunner({ codeGeneration });
    await runner.run(Root);
    Object.defineProperty(Node.prototype, 'transform', { value: undefined });
    const error = await errorOf(runner.run(Root));

    expect(error).toBeInstanceOf(PipelineError);
    expect((error as PipelineError).cause).toMatchObject({ message: 'target.transform is not a function' });
  });
});

test.each([-1, 0.5, 'often', null])('codeGeneration: { after: %j } is refused', (after) => {
  expect(() => new PipelineRunner({ codeGeneration: { after: after as number } })).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('codeGeneration') as string,
    }),
  );
});
